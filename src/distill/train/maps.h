#ifndef LLAMBA_DISTILL_TRAIN_MAPS_H_
#define LLAMBA_DISTILL_TRAIN_MAPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "distill/stack.h"

namespace llamba::distill {

// The teacher's attention matrix and the student's mixing matrix of one head,
// made small: size x size cells, row by row. A cell is what its columns
// together weigh, averaged over its rows, as 128 + 127 sign(v) sqrt(min(1,
// |v|)).
struct HeadMaps {
  int layer = 0, head = 0;
  std::vector<uint8_t> teacher, student;
};

struct MapsSnapshot {
  int64_t n_tokens = 0;  // that the matrices span
  int64_t size = 0;
  std::vector<HeadMaps> heads;
};

// Of the first tokens of the one sequence in `batch`, both models on the
// teacher's hidden states: two heads each of up to four layers of the student
// that are no attention.
MapsSnapshot TakeMaps(const LayerStack& teacher, const LayerStack& student,
                      const Batch& batch);

// A line of maps.jsonl: cells in base64, the teacher's where `with_teacher`.
std::string MapsToJson(const MapsSnapshot& maps, int stage, int64_t step,
                       bool with_teacher);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_MAPS_H_

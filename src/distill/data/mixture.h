#ifndef LLAMBA_DISTILL_DATA_MIXTURE_H_
#define LLAMBA_DISTILL_DATA_MIXTURE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "distill/data/packed_source.h"
#include "distill/tensors.h"

namespace llamba::distill {

// Several sources, each sequence drawn from one of them in proportion to its
// weight. Sequence n of the mixture depends on the seed and n alone. Used by
// one thread.
class Mixture {
 public:
  struct Part {
    std::unique_ptr<PackedSource> source;
    double weight;
  };
  Mixture(std::vector<Part> parts, int64_t sequence_length, uint64_t seed);

  // Sequences first, first + stride, ... as a batch of `count` rows on the CPU.
  Batch Read(int64_t first, int64_t count, int64_t stride = 1);

 private:
  struct Draw {
    size_t part;
    int64_t index;  // within the part
  };
  Draw DrawOf(int64_t n);
  size_t PartOf(int64_t n) const;

  std::vector<Part> parts_;
  int64_t length_;
  uint64_t seed_;
  double total_weight_ = 0;
  // How many sequences before next_ came from each part.
  std::vector<int64_t> counts_;
  int64_t next_ = 0;
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_DATA_MIXTURE_H_

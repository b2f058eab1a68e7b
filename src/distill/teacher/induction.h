#ifndef LLAMBA_DISTILL_TEACHER_INDUCTION_H_
#define LLAMBA_DISTILL_TEACHER_INDUCTION_H_

#include <cstdint>
#include <vector>

#include "distill/stack.h"

namespace llamba::distill {

struct InductionOptions {
  int64_t rows = 4;      // texts that the scores are means of
  int64_t length = 128;  // random tokens, then the same once more
  uint64_t seed = 0;
};

// How much the heads of a teacher copy: of the attention of each token of the
// repetition, the share that goes to the token after its first occurrence
// (induction heads, arXiv 2209.11895). A state of fixed size copies worst, so
// the layers with the highest sums are those for a hybrid to keep.
// (layers, heads) of 0 to 1, float32 on the CPU.
Tensor InductionScores(const LayerStack& teacher,
                       const InductionOptions& options);

// The `count` layers with the highest sums over their heads, in rising order.
std::vector<int> LayersToKeep(const Tensor& scores, int count);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TEACHER_INDUCTION_H_

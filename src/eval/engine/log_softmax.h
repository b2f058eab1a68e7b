#ifndef LLAMBA_EVAL_ENGINE_LOG_SOFTMAX_H_
#define LLAMBA_EVAL_ENGINE_LOG_SOFTMAX_H_

#include <cstdint>
#include <span>

namespace llamba {

// What turns logits into log-probabilities: log p(i) = logits[i] - log_sum.
struct LogNormalizer {
  double log_sum = 0;  // log of the sum of exp(logits)
  int32_t argmax = 0;  // the first of the greatest; -1 where a NaN hides it
};

// In float32 with sums in float64: each term to 2e-7 relative. A NaN among the
// logits makes log_sum NaN. Not empty.
LogNormalizer Normalize(std::span<const float> logits);

}  // namespace llamba

#endif  // LLAMBA_EVAL_ENGINE_LOG_SOFTMAX_H_

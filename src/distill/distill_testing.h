#ifndef LLAMBA_DISTILL_DISTILL_TESTING_H_
#define LLAMBA_DISTILL_DISTILL_TESTING_H_

#include <functional>

#include "distill/stack.h"

// What the tests of this room share: tiny models in double, packed batches, and
// central differences.
namespace llamba::distill {

// A Llama of 2 layers, d_model 16, 4 heads of 4 over 2 key/value heads.
ModelConfig TinyTeacherConfig();

// Random parameters of moderate size for every tensor of the schema.
ParameterMap RandomParameters(const ModelConfig& config, uint64_t seed,
                              torch::ScalarType type);

// Two rows of `n_tokens` random ids, the first holding two documents.
Batch TinyBatch(int64_t vocab_size, int64_t n_tokens, uint64_t seed);

// Largest |analytic - numeric| over a sample of the elements of `parameter`,
// relative to the largest |numeric|: `loss` is evaluated with each of them
// moved by +-step.
double GradientError(Tensor parameter, const Tensor& analytic,
                     const std::function<double()>& loss, double step = 1e-5);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_DISTILL_TESTING_H_

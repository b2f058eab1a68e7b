#ifndef LLAMBA_DISTILL_STAGES_LINEAR_CROSS_ENTROPY_H_
#define LLAMBA_DISTILL_STAGES_LINEAR_CROSS_ENTROPY_H_

#include "distill/tensors.h"

namespace llamba::distill {

// A head and what it is applied to: logits = hidden weight^T + bias.
struct HeadInputs {
  Tensor hidden;  // (M, D)
  Tensor weight;  // (V, D)
  Tensor bias;    // (V), may be undefined
};

// Scalars, float32 (double where the inputs are).
struct CrossEntropy {
  Tensor
      loss;   // mean cross-entropy against softmax(teacher / T), differentiable
  Tensor kl;  // loss minus the teacher's entropy
  Tensor top1;  // share of rows whose largest logits agree
};

// The head and its loss in one: at most `rows` rows of logits exist at a time,
// and the gradients of hidden, weight and bias are computed with them, in the
// forward pass.
CrossEntropy LinearCrossEntropy(const HeadInputs& student,
                                const HeadInputs& teacher, double temperature,
                                int64_t rows);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STAGES_LINEAR_CROSS_ENTROPY_H_

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

struct CrossEntropyOptions {
  double temperature = 1;
  int64_t rows = 2048;  // of logits that exist at a time
  Tensor row_weights;   // (M): of the rows in the loss; undefined: all 1
};

// Scalars, float32 (double where the inputs are).
struct CrossEntropy {
  // Mean over rows of their weights times the cross-entropy against
  // softmax(teacher / T), differentiable.
  Tensor loss;
  Tensor kl;    // mean of KL(teacher || student), without weights
  Tensor top1;  // share of rows whose largest logits agree
};

// The head and its loss in one: the gradients of hidden, weight and bias are
// computed with the logits, in the forward pass.
CrossEntropy LinearCrossEntropy(const HeadInputs& student,
                                const HeadInputs& teacher,
                                const CrossEntropyOptions& options);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STAGES_LINEAR_CROSS_ENTROPY_H_

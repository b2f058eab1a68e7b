#ifndef LLAMBA_DISTILL_LAYERS_ORIENTATION_H_
#define LLAMBA_DISTILL_LAYERS_ORIENTATION_H_

#include "distill/layers/layers.h"

namespace llamba::distill {

// Mean over batch and heads of the Frobenius norm of (mixing matrix - attention
// matrix), stage 1's loss of a layer: of `inputs` (x is not read) with `d` (H)
// on the diagonal, against the softmax of `heads`. Differentiable in b, c,
// log_decay and d. Forward and backward are one sweep over `rows` rows of both
// matrices at a time (0: a quarter), so that neither exists in whole and what
// lies above the diagonal is mostly left out.
Tensor OrientationLoss(const ScanInputs& inputs, const Tensor& d,
                       const AttentionHeads& heads, int64_t rows = 0);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_LAYERS_ORIENTATION_H_

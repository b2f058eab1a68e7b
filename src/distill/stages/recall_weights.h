#ifndef LLAMBA_DISTILL_STAGES_RECALL_WEIGHTS_H_
#define LLAMBA_DISTILL_STAGES_RECALL_WEIGHTS_H_

#include "distill/tensors.h"

namespace llamba::distill {

// (B, T) float32: what the prediction made at each place counts for. Where the
// next token already stands n > 0 times in its document, 1 + weight / n; else
// 1, and so at the end of a row.
Tensor RecallWeights(const Batch& batch, double weight);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STAGES_RECALL_WEIGHTS_H_

#ifndef LLAMBA_RUNTIME_MLP_H_
#define LLAMBA_RUNTIME_MLP_H_

#include "kernels/ops.h"
#include "runtime/batch.h"
#include "runtime/weights.h"

namespace llamba {

// down(act(gate u) * up u) (SPEC 2). Holds the working buffers that all layers
// use in turn; one thread at a time.
class Mlp {
 public:
  Mlp(const ModelConfig& config, Scratch& scratch);

  // x += the MLP of the normed rows u, both (rows, d).
  void Run(const Ops& ops, const MlpWeights& weights, const Batch& batch,
           const float* u, float* x);

 private:
  const Activation activation_;
  RowBuffer gate_, up_;  // (rows, intermediate)
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_MLP_H_

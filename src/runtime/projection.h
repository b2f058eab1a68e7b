#ifndef LLAMBA_RUNTIME_PROJECTION_H_
#define LLAMBA_RUNTIME_PROJECTION_H_

#include "kernels/ops.h"
#include "runtime/batch.h"
#include "runtime/weights.h"

namespace llamba {

// A linear layer of weights (N, K) and bias (N, or empty) over rows that lie
// one behind another.

// The product `out` (rows, N) = W u + bias of `u` (rows, K), for Ops::MatMul or
// MatMuls; makes room in `out`. `u` was made by a norm.
MatMulArgs Projection(const Matrix& weights, const Vector& bias, const float* u,
                      const Batch& batch, RowBuffer& out);

// `x` (rows, N) += W u + bias of the buffer `u` (rows, K).
void AddProjection(const Ops& ops, const Matrix& weights, const Vector& bias,
                   RowBuffer& u, const Batch& batch, float* x);

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_PROJECTION_H_

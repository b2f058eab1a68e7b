#include "runtime/projection.h"

namespace llamba {

MatMulArgs Projection(const Matrix& weights, const Vector& bias, const float* u,
                      const Batch& batch, RowBuffer& out) {
  MatMulArgs args;
  args.w = weights.view;
  args.x = u;
  args.x_stride = weights.view.cols;
  args.m = batch.rows;
  args.bias = OrNull(bias);
  args.y = out.Resize(batch.rows);
  args.y_stride = out.width();
  args.segment = batch.NormedSegment();
  return args;
}

void AddProjection(const Ops& ops, const Matrix& weights, const Vector& bias,
                   RowBuffer& u, const Batch& batch, float* x) {
  MatMulArgs args;
  args.w = weights.view;
  // The rows may be wider than what is multiplied.
  args.x = u.Row(0);
  args.x_stride = u.width();
  args.m = batch.rows;
  args.bias = OrNull(bias);
  args.y = x;
  args.y_stride = weights.view.rows;
  args.accumulate = true;
  args.segment = batch.InnerSegment();
  ops.MatMul(args);
}

}  // namespace llamba

#include "runtime/projection.h"

namespace llamba {

MatMulArgs Projection(const Matrix& weights, const Vector& bias, const float* u,
                      int64_t rows, RowBuffer& out) {
  MatMulArgs args;
  args.w = weights.view;
  args.x = u;
  args.x_stride = weights.view.cols;
  args.m = rows;
  args.bias = OrNull(bias);
  args.y = out.Resize(rows);
  args.y_stride = out.width();
  return args;
}

void AddProjection(const Ops& ops, const Matrix& weights, const Vector& bias,
                   RowBuffer& u, int64_t rows, float* x) {
  MatMulArgs args;
  args.w = weights.view;
  // The rows may be wider than what is multiplied.
  args.x = u.Row(0);
  args.x_stride = u.width();
  args.m = rows;
  args.bias = OrNull(bias);
  args.y = x;
  args.y_stride = weights.view.rows;
  args.accumulate = true;
  ops.MatMul(args);
}

}  // namespace llamba

#include <bit>
#include <cmath>
#include <span>
#include <vector>

#include "formats/formats.h"
#include "kernels/reference/reference.h"

namespace llamba::reference {
namespace {

float ToBf16(float x) {
  if (std::fpclassify(x) == FP_SUBNORMAL) return std::copysign(0.0f, x);
  if (!std::isfinite(x)) return x;
  // The upper half, one more where the lower is above half of it, or half and
  // the upper odd.
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
  return std::bit_cast<float>(rounded & 0xffff0000);
}

}  // namespace

void MatMul(const MatMulArgs& args, int64_t n_begin, int64_t n_end) {
  std::vector<float> row(static_cast<size_t>(args.w.cols));
  for (int64_t n = n_begin; n < n_end; ++n) {
    DecodeRow(args.w.dtype, args.w.data + n * args.w.row_bytes, row);
    for (int64_t m = 0; m < args.m; ++m) {
      const float* x = args.x + m * args.x_stride;
      float& y = args.y[m * args.y_stride + n];
      double sum = 0;
      for (int64_t k = 0; k < args.w.cols; ++k) {
        sum += static_cast<double>(x[k]) * row[static_cast<size_t>(k)];
      }
      if (args.bias != nullptr) sum += args.bias[n];
      if (args.accumulate) sum += y;
      y = static_cast<float>(sum);
    }
  }
}

void MatMulBf16(const MatMulArgs& args, int64_t n_begin, int64_t n_end) {
  std::vector<float> x(static_cast<size_t>(args.m * args.w.cols));
  for (int64_t m = 0; m < args.m; ++m) {
    for (int64_t k = 0; k < args.w.cols; ++k) {
      x[static_cast<size_t>(m * args.w.cols + k)] =
          ToBf16(args.x[m * args.x_stride + k]);
    }
  }
  MatMulArgs rounded = args;
  rounded.x = x.data();
  rounded.x_stride = args.w.cols;
  MatMul(rounded, n_begin, n_end);
}

}  // namespace llamba::reference

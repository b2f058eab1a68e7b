#include <span>
#include <vector>

#include "formats/formats.h"
#include "kernels/reference/reference.h"

namespace llamba::reference {

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

}  // namespace llamba::reference

#include "kernels/panels/panels.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference/reference.h"

namespace llamba::reference {

namespace {

// max / 127, rounded up to three significant bits.
float ScaleOf(float max) {
  int exponent = 0;
  const float fraction = std::frexp(max / 127.0f, &exponent);
  return std::ldexp(std::ceil(fraction * 8), exponent - 3);
}

// Leaves in `rest` what the codes leave of x.
void QuantizeBlock(const float* x, const QuantizedRows& out, int64_t at,
                   float* rest) {
  float max = 0;
  float taint = 0;  // NaN where a value is not finite
  for (int64_t i = 0; i < kPanelBlock; ++i) {
    max = std::max(max, std::fabs(x[i]));
    taint += x[i] * 0.0f;
  }
  if (max > 1e30f) taint = NAN;
  const float scale = (max < 1e-20f ? 0 : ScaleOf(max)) + taint;
  const float factor = scale == 0 ? 0 : 1 / scale;
  int32_t sum = 0;
  for (int64_t i = 0; i < kPanelBlock; ++i) {
    const float code = std::nearbyint(x[i] * factor);
    const auto byte =
        static_cast<int8_t>(std::isnan(code) ? 127 : std::lround(code));
    out.codes[at * kPanelBlock + i] = byte;
    rest[i] = std::fma(-static_cast<float>(byte), scale, x[i]);
    sum += byte;
  }
  out.scales[at] = scale;
  out.less_8[at] = -8 * sum;
  out.less_128[at] = -128 * sum;
  out.sums[at] = scale * static_cast<float>(sum);
}

}  // namespace

void QuantizeRows(const QuantizeArgs& args, int64_t m_begin, int64_t m_end) {
  const QuantizedRows& out = args.out;
  const int64_t blocks = out.cols / kPanelBlock;
  float rest[kPanelBlock], left[kPanelBlock];
  for (int64_t at = m_begin * blocks; at < m_end * blocks; ++at) {
    const float* x =
        args.x + at / blocks * args.x_stride + at % blocks * kPanelBlock;
    QuantizeBlock(x, out, at, rest);
    if (args.rests) QuantizeBlock(rest, out, out.m / 2 * blocks + at, left);
  }
}

void MatMulPanels(const PanelMatMulArgs& args, int64_t p_begin, int64_t p_end) {
  const int64_t cols = args.x.cols;
  std::vector<float> row(static_cast<size_t>(cols));
  const int64_t n_end = std::min(p_end * kPanelRows, args.rows);
  for (int64_t n = p_begin * kPanelRows; n < n_end; ++n) {
    UnpackPanelRow(args.dtype, args.panels + n / kPanelRows * args.panel_bytes,
                   n % kPanelRows, row);
    for (int64_t m = 0; m < args.x.m; ++m) {
      double sum = 0;
      for (int64_t k = 0; k < cols; ++k) {
        const int64_t at = m * cols + k;
        sum += static_cast<double>(row[static_cast<size_t>(k)]) *
               args.x.codes[at] * args.x.scales[at / kPanelBlock];
      }
      float& y = args.y[m * args.y_stride + n];
      if (args.bias != nullptr) sum += args.bias[n];
      if (args.accumulate) sum += y;
      y = static_cast<float>(sum);
    }
  }
}

}  // namespace llamba::reference

#include "kernels/segments/segments.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "kernels/panels/panels.h"
#include "kernels/reference/reference.h"

namespace llamba::reference {
namespace {

using segments::kMostCode;

// A row in signed bytes, with a scale for so many columns.
struct Codes {
  std::vector<int> codes;
  std::vector<float> scales;
};

// The largest magnitude, or NaN where there is one.
float Largest(const float* x, int64_t count) {
  float max = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (std::isnan(x[i])) return x[i];
    max = std::max(max, std::fabs(x[i]));
  }
  return max;
}

Codes RoundRow(const float* x, int64_t cols, int64_t segment) {
  Codes row;
  for (int64_t k = 0; k < cols; k += segment) {
    const int64_t count = std::min(segment, cols - k);
    const float max = Largest(x + k, count);
    const bool too_large = !(max <= segments::kMostValue);
    const bool zero = max < segments::kLeastValue;
    row.scales.push_back(too_large ? std::numeric_limits<float>::quiet_NaN()
                         : zero    ? 0
                                   : max / kMostCode);
    const float factor = too_large || zero ? 0 : kMostCode / max;
    for (int64_t i = k; i < k + count; ++i) {
      const float code = too_large ? 0 : std::nearbyint(x[i] * factor);
      row.codes.push_back(static_cast<int>(code));
    }
  }
  return row;
}

// The least scale with which all values that codes of these blocks can stand
// for fit.
float NewScale(const PanelRow& row, size_t first, size_t count) {
  const auto most = static_cast<float>((1 << row.bits) - 1);
  float largest = 0;
  for (size_t b = first; b < first + count; ++b) {
    const PanelRow::Block& block = row.blocks[b];
    largest = std::max(largest, std::fabs(row.has_min ? block.m : block.d));
    if (!row.has_min) continue;
    largest = std::max(largest, std::fabs(std::fma(block.d, most, block.m)));
  }
  const float code = row.bits == 8 ? 128
                     : row.has_min ? 1
                                   : static_cast<float>(row.offset);
  return largest * (code / kMostCode);
}

int ToFixed(float value) { return static_cast<int>(std::nearbyint(value)); }

int NewNarrowCode(int code, const PanelRow& row, const PanelRow::Block& block,
                  float scale) {
  using segments::kNarrowBits;
  const float units = scale == 0 ? 0 : (1 << kNarrowBits) / scale;
  const int factor = ToFixed(block.d * units);
  const int lowest =
      row.has_min ? ToFixed(block.m * units) : -row.offset * factor;
  return (code * factor + lowest + (1 << (kNarrowBits - 1))) >> kNarrowBits;
}

int NewWideCode(int code, const PanelRow::Block& block, float scale) {
  using segments::kWideBits, segments::kWidePointBits;
  const float units = scale == 0 ? 0 : (1 << kWideBits) / scale;
  const int factor = ToFixed(block.d * units);
  const int point = (code * factor >> (kWideBits - kWidePointBits - 1)) + 1;
  return ((point >> 1) + (1 << (kWidePointBits - 1))) >> kWidePointBits;
}

// A row of weights in signed bytes.
Codes WeightRow(const PanelRow& row) {
  constexpr size_t kBlocks = segments::kMostSegment / kPanelBlock;
  Codes out;
  for (size_t b = 0; b < row.blocks.size(); b += kBlocks) {
    out.scales.push_back(
        NewScale(row, b, std::min(kBlocks, row.blocks.size() - b)));
  }
  for (size_t i = 0; i < row.codes.size(); ++i) {
    const size_t b = i / kPanelBlock;
    const float scale = out.scales[b / kBlocks];
    out.codes.push_back(
        row.bits == 8 ? NewWideCode(row.codes[i], row.blocks[b], scale)
                      : NewNarrowCode(row.codes[i], row, row.blocks[b], scale));
  }
  return out;
}

float Product(const Codes& x, const Codes& w, int64_t segment) {
  float sum = 0;
  const auto cols = static_cast<int64_t>(x.codes.size());
  for (int64_t k = 0; k < cols; k += segment) {
    int dot = 0;
    for (int64_t i = k; i < std::min(k + segment, cols); ++i) {
      dot += x.codes[static_cast<size_t>(i)] * w.codes[static_cast<size_t>(i)];
    }
    const float scale =
        w.scales[static_cast<size_t>(k / segments::kMostSegment)] *
        x.scales[static_cast<size_t>(k / segment)];
    sum = std::fma(static_cast<float>(dot), scale, sum);
  }
  return sum;
}

}  // namespace

void MatMulSegments(const MatMulArgs& args, int64_t n_begin, int64_t n_end) {
  std::vector<Codes> x;
  for (int64_t m = 0; m < args.m; ++m) {
    x.push_back(
        RoundRow(args.x + m * args.x_stride, args.w.cols, args.segment));
  }
  for (int64_t n = n_begin; n < n_end; ++n) {
    const std::byte* panel = args.w.data + n / kPanelRows * args.w.panel_bytes;
    const Codes w = WeightRow(
        ReadPanelRow(args.w.dtype, panel, n % kPanelRows, args.w.cols));
    for (int64_t m = 0; m < args.m; ++m) {
      float value = Product(x[static_cast<size_t>(m)], w, args.segment);
      if (args.bias != nullptr) value += args.bias[n];
      float& y = args.y[m * args.y_stride + n];
      y = args.accumulate ? value + y : value;
    }
  }
}

}  // namespace llamba::reference

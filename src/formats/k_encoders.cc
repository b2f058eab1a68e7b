// The plain encoder of Q4_K (layout: k_blocks.cc).
#include <algorithm>
#include <cmath>

#include "formats/codec.h"
#include "formats/pack.h"

namespace llamba::formats {
namespace {

constexpr int kGroups = 8;
constexpr int kGroupValues = 32;
constexpr int kTopScale = 63;
constexpr int kTopCode = 15;

using Values = std::span<const float, kSuperValues>;

// The largest of eight values gets the code 63 under one scale.
float ToSixBits(const float* values, uint8_t* codes) {
  const float scale = *std::max_element(values, values + kGroups) / kTopScale;
  const float inverse = Inverse(scale);
  for (int j = 0; j < kGroups; ++j) {
    codes[j] = Code(values[j] * inverse + 0.5f, kTopScale);
  }
  return scale;
}

// A group's scale and minimum span its values and zero: the format can only
// subtract.
Q4KScales SpanGroups(Values x) {
  float scales[kGroups], mins[kGroups];
  for (size_t j = 0; j < kGroups; ++j) {
    const auto group = x.subspan(j * kGroupValues, kGroupValues);
    const Range range = FindRange(group, DType::kQ4_K);
    mins[j] = std::max(0.0f, -range.min);
    scales[j] = (std::max(0.0f, range.max) + mins[j]) / kTopCode;
  }
  Q4KScales out;
  out.d = ScaleToHalf(ToSixBits(scales, out.scales), DType::kQ4_K);
  out.dmin = ScaleToHalf(ToSixBits(mins, out.mins), DType::kQ4_K);
  return out;
}

}  // namespace

void EncodeQ4_K(const float* values, int64_t n, std::byte* out) {
  for (int64_t i = 0; i < n; i += kSuperValues, out += 144) {
    const Values x(values + i, kSuperValues);
    const Q4KScales scales = SpanGroups(x);
    uint8_t codes[kSuperValues];
    for (size_t j = 0; j < kSuperValues; ++j) {
      const size_t group = j / kGroupValues;
      const float min =
          HalfToFloat(scales.dmin) * static_cast<float>(scales.mins[group]);
      const float inverse = Inverse(HalfToFloat(scales.d) *
                                    static_cast<float>(scales.scales[group]));
      codes[j] = Code((x[j] + min) * inverse + 0.5f, kTopCode);
    }
    PackQ4K(scales, codes, out);
  }
}

}  // namespace llamba::formats

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/codec.h"

namespace llamba::formats {

Range FindRange(std::span<const float> x, DType dtype) {
  Range r{x[0], x[0], x[0]};
  for (const float value : x) {
    if (!std::isfinite(value)) {
      Fail("value {} cannot be encoded as {}", value, DTypeName(dtype));
    }
    r.min = std::min(r.min, value);
    r.max = std::max(r.max, value);
    if (std::fabs(value) > std::fabs(r.extreme)) r.extreme = value;
  }
  return r;
}

uint16_t ScaleToHalf(float value, DType dtype) {
  const uint16_t half = FloatToHalf(value);
  if ((half & 0x7fff) >= 0x7c00) {
    Fail("scale {} is too large for {}", value, DTypeName(dtype));
  }
  return half;
}

float Inverse(float d) {
  const float inverse = 1.0f / d;
  return std::isfinite(inverse) ? inverse : 0.0f;
}

uint8_t Code(float value, int top) {
  return static_cast<uint8_t>(std::clamp(value, 0.0f, static_cast<float>(top)));
}

}  // namespace llamba::formats

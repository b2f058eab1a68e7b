#ifndef LLAMBA_QUANTIZE_LEVELS_H_
#define LLAMBA_QUANTIZE_LEVELS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "formats/pack.h"

// What the codes of a type stand for before scale and offset. Both kinds have
// the same members, for the templates of fit.cc.
namespace llamba {

// low, low + 1, ... high.
struct UniformLevels {
  int low_level = 0, high_level = 0;

  float low() const { return static_cast<float>(low_level); }
  float high() const { return static_cast<float>(high_level); }
  // Steps between the middle and an end: how fine a search over scales must be.
  float half_steps() const { return (high() - low()) / 2; }
  // The code nearest to a value in units of the scale.
  uint8_t Nearest(float value) const {
    const float bounded = std::clamp(value, low(), high());
    return static_cast<uint8_t>(std::lround(bounded - low()));
  }
  float Value(uint8_t code) const { return low() + static_cast<float>(code); }
};

struct Iq4NlLevels {
  float low() const { return Iq4Levels().front(); }
  float high() const { return Iq4Levels().back(); }
  float half_steps() const { return 8; }
  uint8_t Nearest(float value) const {
    return static_cast<uint8_t>(NearestIq4(value));
  }
  float Value(uint8_t code) const { return Iq4Levels()[code]; }
};

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_LEVELS_H_

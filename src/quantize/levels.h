#ifndef LLAMBA_QUANTIZE_LEVELS_H_
#define LLAMBA_QUANTIZE_LEVELS_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "formats/pack.h"
#include "quantize/floats4.h"

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
    return static_cast<uint8_t>(RoundToInteger(bounded) - low());
  }
  float Value(uint8_t code) const { return low() + static_cast<float>(code); }
  // The levels of the nearest codes.
  Floats4 Round(Floats4 values) const {
    return RoundToInteger(Clamp4(values, Spread4(low()), Spread4(high())));
  }
};

struct Iq4NlLevels {
  float low() const { return Iq4Levels().front(); }
  float high() const { return Iq4Levels().back(); }
  float half_steps() const { return 8; }
  uint8_t Nearest(float value) const {
    return static_cast<uint8_t>(NearestIq4(value));
  }
  float Value(uint8_t code) const { return Iq4Levels()[code]; }
  Floats4 Round(Floats4 values) const {
    Floats4 round = Spread4(low());
    for (const Step& step : steps_) {
      round += values > step.border ? step.height : Floats4{};
    }
    return round;
  }

 private:
  // From one level to the next, half-way between them.
  struct Step {
    Floats4 border, height;
  };
  std::array<Step, 15> steps_ = [] {
    std::array<Step, 15> steps;
    for (size_t i = 0; i < steps.size(); ++i) {
      const float from = Iq4Levels()[i], to = Iq4Levels()[i + 1];
      steps[i] = {Spread4((from + to) / 2), Spread4(to - from)};
    }
    return steps;
  }();
};

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_LEVELS_H_

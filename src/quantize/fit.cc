#include "quantize/fit.h"

#include <cmath>
#include <cstddef>

namespace llamba {
namespace {

// Candidates on either side of the scale that spans the block, this share of a
// level apart.
constexpr int kCandidates = 12;
constexpr float kCandidateStep = 0.1f;
// Rounds of codes, least squares, codes: seldom more than two change anything.
constexpr int kRefinements = 4;

float SafeInverse(float d) {
  const float inverse = 1 / d;
  return std::isfinite(inverse) ? inverse : 0;
}

// Sums over a block with the nearest codes at 1 / inverse: the error is
// sum w x^2 - xl^2 / ll when the scale is xl / ll.
struct ScaleSums {
  float xl = 0, ll = 0;
  float Gain() const { return ll > 0 ? xl / ll * xl : 0; }
};

template <typename Levels>
ScaleSums SumsAt(const Levels& levels, float inverse, Block x, Block w) {
  Floats4 xl = {}, ll = {};
  for (size_t j = 0; j < x.size(); j += 4) {
    const Floats4 value = Load4(&x[j]);
    const Floats4 level = levels.Round(value * inverse);
    const Floats4 weighted = Load4(&w[j]) * level;
    xl += weighted * value;
    ll += weighted * level;
  }
  return {Sum4(xl), Sum4(ll)};
}

float Extreme(Block x) {
  float extreme = 0;
  for (const float value : x) {
    if (std::fabs(value) > std::fabs(extreme)) extreme = value;
  }
  return extreme;
}

template <typename Levels>
float FitScaleOf(const Levels& levels, Block x, Block w) {
  const float unit = SafeInverse(Extreme(x));
  ScaleSums best;
  const auto try_inverse = [&](float inverse) {
    const ScaleSums sums = SumsAt(levels, inverse, x, w);
    if (sums.Gain() <= best.Gain()) return false;
    best = sums;
    return true;
  };
  for (const float end : {levels.low(), levels.high()}) {
    for (int i = -kCandidates; i <= kCandidates; ++i) {
      const float share =
          1 + kCandidateStep * static_cast<float>(i) / levels.half_steps();
      try_inverse(end * share * unit);
    }
  }
  if (best.ll == 0) return 0;
  for (int i = 0; i < kRefinements; ++i) {
    if (!try_inverse(SafeInverse(best.xl / best.ll))) break;
  }
  return best.xl / best.ll;
}

// Sums over a block for the least squares of scale and offset: w, x and xx
// whatever the codes, l, ll and lx with them.
struct AffineSums {
  float w = 0, x = 0, xx = 0;
  float l = 0, ll = 0, lx = 0;
};

struct Solution {
  AffineFit fit;
  float error = HUGE_VALF;
};

Solution Solve(const AffineSums& s, bool subtract_only) {
  Solution solution;
  const float determinant = s.w * s.ll - s.l * s.l;
  if (determinant <= 0) return solution;
  AffineFit& fit = solution.fit;
  fit.scale = (s.w * s.lx - s.x * s.l) / determinant;
  fit.offset = (s.ll * s.x - s.l * s.lx) / determinant;
  if (subtract_only && fit.offset > 0) fit = {s.lx / s.ll, 0};
  if (!(fit.scale >= 0)) return solution;
  solution.error = s.xx - fit.scale * s.lx - fit.offset * s.x;
  return solution;
}

AffineSums SumsWithoutCodes(Block x, Block w) {
  Floats4 sum_w = {}, sum_x = {}, sum_xx = {};
  for (size_t j = 0; j < x.size(); j += 4) {
    const Floats4 value = Load4(&x[j]), weight = Load4(&w[j]);
    sum_w += weight;
    sum_x += weight * value;
    sum_xx += weight * value * value;
  }
  AffineSums s;
  s.w = Sum4(sum_w);
  s.x = Sum4(sum_x);
  s.xx = Sum4(sum_xx);
  return s;
}

// `s` with the sums of the nearest codes.
AffineSums SumsAt(int top, AffineFit at, Block x, Block w, AffineSums s) {
  const UniformLevels levels{0, top};
  const float inverse = SafeInverse(at.scale);
  Floats4 l = {}, ll = {}, lx = {};
  for (size_t j = 0; j < x.size(); j += 4) {
    const Floats4 value = Load4(&x[j]);
    const Floats4 level = levels.Round((value - at.offset) * inverse);
    const Floats4 weighted = Load4(&w[j]) * level;
    l += weighted;
    ll += weighted * level;
    lx += weighted * value;
  }
  s.l = Sum4(l);
  s.ll = Sum4(ll);
  s.lx = Sum4(lx);
  return s;
}

}  // namespace

float FitScale(const UniformLevels& levels, Block x, Block w) {
  return FitScaleOf(levels, x, w);
}

float FitScale(const Iq4NlLevels& levels, Block x, Block w) {
  return FitScaleOf(levels, x, w);
}

AffineFit FitAffine(int top, bool subtract_only, Block x, Block w) {
  float min = x[0], max = x[0];
  for (const float value : x) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
  if (subtract_only) {
    min = std::min(min, 0.0f);
    max = std::max(max, 0.0f);
  }
  const auto steps = static_cast<float>(top);
  Solution best;
  best.fit = {(max - min) / steps, min};
  const AffineSums sums = SumsWithoutCodes(x, w);
  const auto try_at = [&](AffineFit at) {
    const Solution solution = Solve(SumsAt(top, at, x, w, sums), subtract_only);
    if (solution.error >= best.error) return false;
    best = solution;
    return true;
  };
  for (int i = -kCandidates; i <= kCandidates; ++i) {
    const float span = steps + 2 * kCandidateStep * static_cast<float>(i);
    try_at({(max - min) / span, min});
  }
  for (int i = 0; i < kRefinements && try_at(best.fit); ++i) {
  }
  return best.fit;
}

float AffineError(int top, AffineFit fit, Block x, Block w) {
  const UniformLevels levels{0, top};
  const float inverse = SafeInverse(fit.scale);
  Floats4 error = {};
  for (size_t j = 0; j < x.size(); j += 4) {
    const Floats4 value = Load4(&x[j]);
    const Floats4 level = levels.Round((value - fit.offset) * inverse);
    const Floats4 difference = value - fit.scale * level - fit.offset;
    error += Load4(&w[j]) * difference * difference;
  }
  return Sum4(error);
}

}  // namespace llamba

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
ScaleSums SumsAt(const Levels& levels, float inverse, std::span<const float> x,
                 std::span<const float> w) {
  ScaleSums sums;
  for (size_t j = 0; j < x.size(); ++j) {
    const float level = levels.Value(levels.Nearest(x[j] * inverse));
    sums.xl += w[j] * x[j] * level;
    sums.ll += w[j] * level * level;
  }
  return sums;
}

float Extreme(std::span<const float> x) {
  float extreme = 0;
  for (const float value : x) {
    if (std::fabs(value) > std::fabs(extreme)) extreme = value;
  }
  return extreme;
}

template <typename Levels>
float FitScaleOf(const Levels& levels, std::span<const float> x,
                 std::span<const float> w) {
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

// Sums over a block for the least squares of scale and offset.
struct AffineSums {
  float w = 0, l = 0, ll = 0, x = 0, lx = 0, xx = 0;
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

AffineSums SumsAt(int top, AffineFit at, std::span<const float> x,
                  std::span<const float> w) {
  const UniformLevels levels{0, top};
  const float inverse = SafeInverse(at.scale);
  AffineSums s;
  for (size_t j = 0; j < x.size(); ++j) {
    const float l = levels.Value(levels.Nearest((x[j] - at.offset) * inverse));
    s.w += w[j];
    s.l += w[j] * l;
    s.ll += w[j] * l * l;
    s.x += w[j] * x[j];
    s.lx += w[j] * l * x[j];
    s.xx += w[j] * x[j] * x[j];
  }
  return s;
}

}  // namespace

float FitScale(const UniformLevels& levels, std::span<const float> x,
               std::span<const float> w) {
  return FitScaleOf(levels, x, w);
}

float FitScale(const Iq4NlLevels& levels, std::span<const float> x,
               std::span<const float> w) {
  return FitScaleOf(levels, x, w);
}

AffineFit FitAffine(int top, bool subtract_only, std::span<const float> x,
                    std::span<const float> w) {
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
  const auto try_at = [&](AffineFit at) {
    const Solution solution = Solve(SumsAt(top, at, x, w), subtract_only);
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

float AffineError(int top, AffineFit fit, std::span<const float> x,
                  std::span<const float> w) {
  const UniformLevels levels{0, top};
  const float inverse = SafeInverse(fit.scale);
  float error = 0;
  for (size_t j = 0; j < x.size(); ++j) {
    const float l = levels.Value(levels.Nearest((x[j] - fit.offset) * inverse));
    const float difference = x[j] - fit.scale * l - fit.offset;
    error += w[j] * difference * difference;
  }
  return error;
}

}  // namespace llamba

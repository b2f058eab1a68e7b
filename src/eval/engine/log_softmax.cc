#include "eval/engine/log_softmax.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace llamba {
namespace {

// Loops over so many values have a fixed length, which the compiler turns into
// vectors of whatever the machine has at least.
constexpr size_t kLanes = 16;
// Sums of float32 stay this short, then go on in float64.
constexpr size_t kBlock = 16 * kLanes;

// exp(x) for x <= 0, 0 below -87: 2^n times the Taylor series of exp(r) to the
// seventh power, |r| <= ln(2) / 2, which is off by 5e-9 at most. A NaN is taken
// for the smallest value.
inline float Exp(float x) {
  constexpr float kLog2E = 1.44269504f;
  // ln(2) in two parts, the first short enough that n times it is exact.
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds
  x = x > -87.0f ? x : -87.0f;
  const float n = (x * kLog2E + kRound) - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const auto bits = (static_cast<int32_t>(n) + 127) << 23;
  return p * std::bit_cast<float>(bits);
}

// The greatest value; NaN where any is one.
float MaxOf(std::span<const float> values) {
  std::array<float, kLanes> max;
  std::array<int32_t, kLanes> broken{};
  max.fill(-std::numeric_limits<float>::infinity());
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float v = values[i + lane];
      max[lane] = v > max[lane] ? v : max[lane];
      broken[lane] |= v != v ? 1 : 0;
    }
  }
  float all = *std::max_element(max.begin(), max.end());
  bool nan = std::any_of(broken.begin(), broken.end(),
                         [](int32_t lane) { return lane != 0; });
  for (; i < values.size(); ++i) {
    all = std::max(all, values[i]);
    nan = nan || std::isnan(values[i]);
  }
  return nan ? std::numeric_limits<float>::quiet_NaN() : all;
}

double SumOfExp(std::span<const float> values, float max) {
  double sum = 0;
  size_t i = 0;
  while (i + kLanes <= values.size()) {
    std::array<float, kLanes> partial{};
    const size_t end = std::min(values.size() / kLanes * kLanes, i + kBlock);
    for (; i < end; i += kLanes) {
      for (size_t lane = 0; lane < kLanes; ++lane) {
        partial[lane] += Exp(values[i + lane] - max);
      }
    }
    for (const float lane : partial) sum += static_cast<double>(lane);
  }
  for (; i < values.size(); ++i) {
    sum += static_cast<double>(Exp(values[i] - max));
  }
  return sum;
}

}  // namespace

LogNormalizer Normalize(std::span<const float> logits) {
  const float max = MaxOf(logits);
  if (!std::isfinite(max)) {
    return {std::numeric_limits<double>::quiet_NaN(), -1};
  }
  const auto first = std::find(logits.begin(), logits.end(), max);
  return {static_cast<double>(max) + std::log(SumOfExp(logits, max)),
          static_cast<int32_t>(first - logits.begin())};
}

}  // namespace llamba

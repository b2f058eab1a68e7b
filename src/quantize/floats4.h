#ifndef LLAMBA_QUANTIZE_FLOATS4_H_
#define LLAMBA_QUANTIZE_FLOATS4_H_

#include <cstring>

// Four floats that GCC and Clang keep in one register on every machine: the
// searches for scales run over blocks of 32 values dozens of times.
namespace llamba {

using Floats4 = float __attribute__((vector_size(16)));

inline Floats4 Spread4(float value) {
  return Floats4{value, value, value, value};
}
inline Floats4 Load4(const float* p) {
  Floats4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline float Sum4(Floats4 v) { return (v[0] + v[2]) + (v[1] + v[3]); }
inline Floats4 Clamp4(Floats4 v, Floats4 low, Floats4 high) {
  v = v < low ? low : v;
  return v > high ? high : v;
}

// The nearest integer, even where two are as near, of numbers below 2^22: the
// sum leaves them rounded in its low bits. T is float or Floats4.
template <typename T>
T RoundToInteger(T value) {
  constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23
  return (value + kRounder) - kRounder;
}

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_FLOATS4_H_

#ifndef LLAMBA_QUANTIZE_QUANTIZE_TESTING_H_
#define LLAMBA_QUANTIZE_QUANTIZE_TESTING_H_

#include <cmath>
#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "formats/formats.h"
#include "quantize/row_quantizer.h"

// What the tests of this room share.
namespace llamba::testing {

inline std::vector<float> Normals(size_t n, uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(engine);
  return values;
}

inline std::vector<float> Decoded(DType dtype,
                                  const std::vector<std::byte>& bytes,
                                  size_t n) {
  std::vector<float> values(n);
  DecodeRow(dtype, bytes.data(), values);
  return values;
}

inline std::vector<std::byte> RowBuffer(DType dtype, size_t n) {
  return std::vector<std::byte>(
      RowBytes(dtype, static_cast<int64_t>(n)).value());
}

// What the searching encoder makes of a row, as values.
inline std::vector<float> Searched(DType dtype, std::span<const float> x,
                                   std::span<const float> importance = {}) {
  std::vector<std::byte> bytes = RowBuffer(dtype, x.size());
  QuantizeRow(dtype, x, importance, bytes.data());
  return Decoded(dtype, bytes, x.size());
}

// What the plain encoder makes of it.
inline std::vector<float> Plain(DType dtype, std::span<const float> x) {
  std::vector<std::byte> bytes = RowBuffer(dtype, x.size());
  EncodeRow(dtype, x, bytes.data());
  return Decoded(dtype, bytes, x.size());
}

// sum_j w_j (x_j - y_j)^2; all alike without weights.
inline double SquareError(std::span<const float> x, std::span<const float> y,
                          std::span<const float> w = {}) {
  double sum = 0;
  for (size_t j = 0; j < x.size(); ++j) {
    const double d = double{x[j]} - y[j];
    sum += d * d * (w.empty() ? 1.0 : w[j]);
  }
  return sum;
}

inline constexpr DType kSearchedTypes[] = {
    DType::kQ4_0, DType::kQ4_1, DType::kQ5_0,  DType::kQ5_1,
    DType::kQ8_0, DType::kQ4_K, DType::kIQ4_NL};

}  // namespace llamba::testing

#endif  // LLAMBA_QUANTIZE_QUANTIZE_TESTING_H_

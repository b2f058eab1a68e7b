#include "quantize/compensator.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "formats/formats.h"
#include "quantize/quantize_testing.h"

namespace llamba {
namespace {

using testing::Decoded;
using testing::Normals;
using testing::RowBuffer;
using testing::Searched;

constexpr size_t kCols = 512;

// Inputs that go together: each is a fresh normal number and a share of the one
// before it, so that E[x_i x_j] = share^|i - j|.
std::vector<float> Correlated(double share) {
  std::vector<float> moments(kCols * kCols);
  for (size_t i = 0; i < kCols; ++i) {
    for (size_t j = 0; j < kCols; ++j) {
      const auto apart = static_cast<double>(i > j ? i - j : j - i);
      moments[i * kCols + j] = static_cast<float>(std::pow(share, apart));
    }
  }
  return moments;
}

// e^T H e of what became of a row.
double ProductError(const std::vector<float>& moments,
                    const std::vector<float>& x, const std::vector<float>& y) {
  double sum = 0;
  for (size_t i = 0; i < kCols; ++i) {
    for (size_t j = 0; j < kCols; ++j) {
      sum += double{x[i] - y[i]} * moments[i * kCols + j] * (x[j] - y[j]);
    }
  }
  return sum;
}

class CompensatorOf : public ::testing::TestWithParam<DType> {
 protected:
  std::vector<float> Encoded(const Compensator& compensator,
                             const std::vector<float>& x) const {
    std::vector<std::byte> bytes = RowBuffer(GetParam(), kCols);
    compensator.Encode(GetParam(), x, bytes.data());
    return Decoded(GetParam(), bytes, kCols);
  }
};

// With an error of unit variance in each column, drawn apart, products have
// kCols of it. One that answers each error in the next column leaves the
// conditional variance, 1 - share^2 = 0.36 of that; what it adds widens the
// range of a block, and scales do not foresee it, most where they have an
// offset that fits a block's two ends.
TEST_P(CompensatorOf, MakesUpForErrorsOfInputsThatGoTogether) {
  const std::vector<float> moments = Correlated(0.8);
  const Compensator compensator(moments, kCols, 0.01f);
  double with = 0, without = 0;
  for (uint32_t row = 0; row < 8; ++row) {
    const std::vector<float> x = Normals(kCols, 10 + row);
    with += ProductError(moments, x, Encoded(compensator, x));
    without += ProductError(moments, x, Searched(GetParam(), x));
  }
  EXPECT_LT(with, 0.65 * without);
  EXPECT_GT(with, 0.3 * without);
}

// Nothing to make up for: the very bits of plain rounding by importance. (A
// damping of 1 doubles the diagonal: weights change by a power of two.)
TEST_P(CompensatorOf, IsPlainRoundingForInputsThatStandApart) {
  const Compensator compensator(Correlated(0), kCols, 1.0f);
  const std::vector<float> x = Normals(kCols, 20);
  if (GetParam() == DType::kQ4_K) {
    // Blocks are chosen once more there: as good or better, not the same.
    EXPECT_LE(testing::SquareError(x, Encoded(compensator, x)),
              1.001 * testing::SquareError(x, Searched(GetParam(), x)));
    return;
  }
  EXPECT_EQ(Encoded(compensator, x), Searched(GetParam(), x));
}

// A matrix of rank one: without damping its factors would be noise.
TEST_P(CompensatorOf, TakesMomentsThatAreSingular) {
  const Compensator compensator(std::vector<float>(kCols * kCols, 1.0f), kCols,
                                0.01f);
  const std::vector<float> x = Normals(kCols, 30);
  for (const float value : Encoded(compensator, x)) {
    ASSERT_TRUE(std::isfinite(value));
  }
}

// No code of a row can go up or down by one without adding to the error.
TEST(Compensator, LeavesNoCodeThatANeighbourBeats) {
  constexpr float kDamping = 0.01f;
  std::vector<float> moments = Correlated(0.8);
  const Compensator compensator(moments, kCols, kDamping);
  for (size_t j = 0; j < kCols; ++j) moments[j * kCols + j] += kDamping;
  const std::vector<float> x = Normals(kCols, 40);
  std::vector<std::byte> bytes = RowBuffer(DType::kQ4_0, kCols);
  compensator.Encode(DType::kQ4_0, x, bytes.data());
  const std::vector<float> y = Decoded(DType::kQ4_0, bytes, kCols);
  for (size_t j = 0; j < kCols; ++j) {
    uint16_t half;
    std::memcpy(&half, &bytes[j / 32 * 18], sizeof(half));
    const double scale = HalfToFloat(half);
    double pull = 0;  // (H e)_j
    for (size_t i = 0; i < kCols; ++i) {
      pull += moments[j * kCols + i] * (double{x[i]} - y[i]);
    }
    const double code = y[j] / scale;  // -8 to 7
    // Moving y_j by a step s changes the error by s^2 H_jj - 2 s (H e)_j; the
    // margin is for float32 sums.
    const double cost = scale * scale * moments[j * kCols + j];
    if (code < 6.5) {
      EXPECT_GT(cost - 2 * scale * pull, -1e-3 * cost) << j;
    }
    if (code > -7.5) {
      EXPECT_GT(cost + 2 * scale * pull, -1e-3 * cost) << j;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, CompensatorOf,
                         ::testing::ValuesIn(testing::kSearchedTypes),
                         [](const auto& info) {
                           return std::string(DTypeName(info.param));
                         });

}  // namespace
}  // namespace llamba

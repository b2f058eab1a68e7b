#include "quantize/row_quantizer.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.h"
#include "quantize/quantize_testing.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;
using testing::Normals;
using testing::Plain;
using testing::Searched;
using testing::SquareError;
using ::testing::ThrowsMessage;

class RowQuantizer : public ::testing::TestWithParam<DType> {};

// A search that knows the plain encoder's codes can only be as good or better,
// but for the rounding of the scale to a half (2^-11 of it).
TEST_P(RowQuantizer, IsCloserThanThePlainEncoder) {
  const std::vector<float> x = Normals(4096, 1);
  const double searched = SquareError(x, Searched(GetParam(), x));
  const double plain = SquareError(x, Plain(GetParam(), x));
  EXPECT_LT(searched, plain * (GetParam() == DType::kQ8_0 ? 1.001 : 0.98));
}

// The quadratic error of a normal variable in the best uniform quantizer of 16
// levels is 0.0115, of 256 9e-5 (Max 1960). A scale for every
// 32 values does better than one for all, but a half and whole codes cost.
TEST_P(RowQuantizer, IsNearTheBestQuantizer) {
  const std::vector<float> x = Normals(8192, 2);
  const double mean = SquareError(x, Searched(GetParam(), x)) / 8192;
  const int64_t bits =
      GetBlockSize(GetParam()).bytes * 8 / GetBlockSize(GetParam()).elements;
  EXPECT_LT(mean, bits == 8 ? 9e-5 : 0.0115);
}

// Values that the type can hold come back as they are. (In Q4_K only nearly:
// the same values have several forms, and rounding of least squares is seen.)
TEST_P(RowQuantizer, HoldsWhatTheTypeHolds) {
  const std::vector<float> x = Normals(512, 3);
  const std::vector<float> held = Plain(GetParam(), x);
  const std::vector<float> again = Searched(GetParam(), held);
  const double norm = SquareError(held, std::vector<float>(held.size(), 0.0f));
  EXPECT_LT(SquareError(held, again), 1e-6 * norm);
}

TEST_P(RowQuantizer, ErrorsGoWhereTheyCountLittle) {
  const std::vector<float> x = Normals(4096, 4);
  std::vector<float> w = Normals(4096, 5);
  for (float& value : w) value *= value;  // chi squared: from tiny to 10
  const std::vector<float> weighted = Searched(GetParam(), x, w);
  const std::vector<float> alike = Searched(GetParam(), x);
  const double expected = GetParam() == DType::kQ8_0 ? 1.0 : 0.97;
  EXPECT_LT(SquareError(x, weighted, w),
            SquareError(x, alike, w) * expected + 1e-12);
}

TEST_P(RowQuantizer, ColumnsThatCountForNothingDoNoHarm) {
  const std::vector<float> x = Normals(512, 6);
  std::vector<float> w(512, 1.0f);
  std::fill(w.begin(), w.begin() + 256, 0.0f);
  const std::vector<float> y = Searched(GetParam(), x, w);
  for (const float value : y) ASSERT_TRUE(std::isfinite(value));
  // Blocks without any weight are rounded as if all columns counted alike.
  const std::vector<float> alike = Searched(GetParam(), x);
  EXPECT_TRUE(std::equal(y.begin(), y.end(), alike.begin()));
}

TEST_P(RowQuantizer, SignsAndScalesOfABlock) {
  const auto block = static_cast<size_t>(GetBlockSize(GetParam()).elements);
  for (const float scale : {1e-3f, 1.0f, 300.0f}) {
    for (const float offset : {-5.0f, 0.0f, 5.0f}) {
      std::vector<float> x = Normals(block, 7);
      double norm = 0;
      for (float& value : x) {
        value = scale * (value + offset);
        norm += double{value} * value;
      }
      // 16 levels over at most 10 deviations: half a step is a third of one.
      EXPECT_LT(SquareError(x, Searched(GetParam(), x)), 0.05 * norm)
          << scale << " " << offset;
    }
  }
}

TEST_P(RowQuantizer, ZerosAndConstants) {
  const auto block = static_cast<size_t>(GetBlockSize(GetParam()).elements);
  for (const float value : {0.0f, 1e-30f, 0.75f, -0.75f}) {
    const std::vector<float> x(block, value);
    for (const float y : Searched(GetParam(), x)) {
      // A scale of Q4_K has 6 bits.
      ASSERT_NEAR(y, value, std::fabs(value) / 64 + 1e-7) << value;
    }
  }
}

TEST_P(RowQuantizer, RefusesWhatItCannotHold) {
  for (const float bad : {std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN(), 1e30f}) {
    std::vector<float> x(256, 1.0f);
    x[200] = bad;
    EXPECT_THAT(
        [&] { Searched(GetParam(), x); },
        ThrowsMessage<Error>(HasSubstr(std::string(DTypeName(GetParam())))));
  }
}

INSTANTIATE_TEST_SUITE_P(Types, RowQuantizer,
                         ::testing::ValuesIn(testing::kSearchedTypes),
                         [](const auto& info) {
                           return std::string(DTypeName(info.param));
                         });

TEST(RowQuantizer, OtherTypesAreRounded) {
  const std::vector<float> x = Normals(5, 8);
  EXPECT_EQ(Searched(DType::kF32, x), x);
  EXPECT_EQ(Searched(DType::kBF16, x), Plain(DType::kBF16, x));
}

}  // namespace
}  // namespace llamba

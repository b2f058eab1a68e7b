#include "formats/pack.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "formats/formats.h"

namespace llamba {
namespace {

constexpr float kScale = 0.375f, kOffset = -1.5f;  // exact as halves

// Every code of every simple type in every place, against the formula of
// pack.h.
TEST(Pack, BlocksDecodeToTheirFormula) {
  struct Case {
    DType dtype;
    int codes;
    float zero;  // value = (code - zero) * scale + offset
    bool offset;
  };
  const Case cases[] = {{DType::kQ4_0, 16, 8, false},
                        {DType::kQ4_1, 16, 0, true},
                        {DType::kQ5_0, 32, 16, false},
                        {DType::kQ5_1, 32, 0, true},
                        {DType::kQ8_0, 255, 127, false}};
  for (const Case& c : cases) {
    for (int first = 0; first < c.codes; ++first) {
      uint8_t codes[kBlockValues];
      for (int j = 0; j < kBlockValues; ++j) {
        codes[j] = static_cast<uint8_t>((first + 7 * j) % c.codes);
      }
      std::byte block[34];
      PackBlock(c.dtype, FloatToHalf(kScale), FloatToHalf(kOffset), codes,
                block);
      float values[kBlockValues];
      DecodeRow(c.dtype, block, values);
      for (int j = 0; j < kBlockValues; ++j) {
        const float expected =
            (static_cast<float>(codes[j]) - c.zero) * kScale +
            (c.offset ? kOffset : 0);
        ASSERT_EQ(values[j], expected) << DTypeName(c.dtype) << " " << j;
      }
    }
  }
}

TEST(Pack, Iq4BlocksDecodeToTheirLevels) {
  uint8_t codes[kBlockValues];
  for (int j = 0; j < kBlockValues; ++j) {
    codes[j] = static_cast<uint8_t>(5 * j % 16);
  }
  std::byte block[18];
  PackBlock(DType::kIQ4_NL, FloatToHalf(kScale), 0, codes, block);
  float values[kBlockValues];
  DecodeRow(DType::kIQ4_NL, block, values);
  for (int j = 0; j < kBlockValues; ++j) {
    EXPECT_EQ(values[j], Iq4Levels()[codes[j]] * kScale);
  }
}

TEST(Pack, Q4KBlocksDecodeToTheirFormula) {
  std::mt19937 engine(1);
  for (int trial = 0; trial < 50; ++trial) {
    Q4KScales scales;
    scales.d = FloatToHalf(0.25f);
    scales.dmin = FloatToHalf(0.125f);
    for (int j = 0; j < 8; ++j) {
      scales.scales[j] = static_cast<uint8_t>(engine() % 64);
      scales.mins[j] = static_cast<uint8_t>(engine() % 64);
    }
    uint8_t codes[kSuperValues];
    for (uint8_t& code : codes) code = static_cast<uint8_t>(engine() % 16);
    std::byte block[144];
    PackQ4K(scales, codes, block);
    float values[kSuperValues];
    DecodeRow(DType::kQ4_K, block, values);
    for (int i = 0; i < kSuperValues; ++i) {
      const int j = i / 32;
      ASSERT_EQ(values[i],
                0.25f * scales.scales[j] * codes[i] - 0.125f * scales.mins[j]);
    }
  }
}

TEST(Pack, NearestIq4AgainstASearch) {
  for (float value = -140; value < 125; value += 0.0625f) {
    int best = 0;
    for (int code = 1; code < 16; ++code) {
      if (std::fabs(Iq4Levels()[static_cast<size_t>(code)] - value) <
          std::fabs(Iq4Levels()[static_cast<size_t>(best)] - value)) {
        best = code;
      }
    }
    ASSERT_EQ(NearestIq4(value), best) << value;
  }
}

// Half a step of the codes, and what rounding of the scales adds.
TEST(Pack, PlainEncodersStayWithinAStep) {
  std::mt19937 engine(2);
  std::normal_distribution<float> normal;
  std::vector<float> x(1024);
  for (float& value : x) value = normal(engine);
  for (const DType dtype : {DType::kIQ4_NL, DType::kQ4_K}) {
    ASSERT_TRUE(HasEncoder(dtype));
    std::vector<std::byte> bytes(*RowBytes(dtype, 1024));
    EncodeRow(dtype, x, bytes.data());
    std::vector<float> y(x.size());
    DecodeRow(dtype, bytes.data(), y);
    const auto group = static_cast<size_t>(GetBlockSize(dtype).elements);
    for (size_t i = 0; i < x.size(); ++i) {
      float extreme = 0;
      for (size_t k = i / group * group; k < (i / group + 1) * group; ++k) {
        extreme = std::max(extreme, std::fabs(x[k]));
      }
      // IQ4_NL: the widest gap is 24 of 127, and 14 are missing at one end.
      // Q4_K: a step is at most 2 / 15 of the group's extreme; a scale and a
      // minimum off by half of 1 / 63 of the largest move 15 codes by 1 / 8.
      ASSERT_NEAR(y[i], x[i], 0.2f * extreme) << DTypeName(dtype) << " " << i;
    }
  }
}

}  // namespace
}  // namespace llamba

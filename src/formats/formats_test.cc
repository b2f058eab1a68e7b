#include "formats/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace llamba {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::string Fixture(const std::string& name) {
  return ReadFile(LLAMBA_SOURCE_DIR "/tests/data/formats/" + name);
}

std::vector<float> Floats(const std::string& name) {
  const std::string bytes = Fixture(name);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

const std::byte* Bytes(const std::string& text) {
  return reinterpret_cast<const std::byte*>(text.data());
}

// Against the Python package gguf (tools/make_format_fixtures.py). A type is
// defined by one multiplication, or one and an addition, in float: equal bits.
class AgainstGguf : public testing::TestWithParam<DType> {
 protected:
  std::string name() const { return std::string(DTypeName(GetParam())); }
};

TEST_P(AgainstGguf, Decodes) {
  const std::string blocks = Fixture(name() + ".blocks");
  const std::vector<float> expected = Floats(name() + ".decoded");
  const auto n = static_cast<int64_t>(expected.size());
  ASSERT_EQ(RowBytes(GetParam(), n), blocks.size());
  // Unaligned on purpose.
  std::string shifted = "x" + blocks;
  std::vector<float> decoded(expected.size());
  DecodeRow(GetParam(), Bytes(shifted) + 1, decoded);
  for (size_t i = 0; i < decoded.size(); ++i) {
    ASSERT_EQ(decoded[i], expected[i]) << i;
  }
}

class EncoderAgainstGguf : public AgainstGguf {};

TEST_P(EncoderAgainstGguf, Encodes) {
  const std::vector<float> input = Floats("input.f32");
  const std::string expected = Fixture(name() + ".blocks");
  std::string encoded(expected.size(), '\0');
  EncodeRow(GetParam(), input, reinterpret_cast<std::byte*>(encoded.data()));
  const auto block = static_cast<size_t>(GetBlockSize(GetParam()).bytes);
  for (size_t i = 0; i < encoded.size(); ++i) {
    ASSERT_EQ(encoded[i], expected[i])
        << "block " << i / block << ", byte " << i % block;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, EncoderAgainstGguf,
    testing::Values(DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1,
                    DType::kQ5_0, DType::kQ5_1, DType::kQ8_0),
    [](const auto& info) { return std::string(DTypeName(info.param)); });
INSTANTIATE_TEST_SUITE_P(
    Formats, AgainstGguf,
    testing::Values(DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1,
                    DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kIQ4_NL,
                    DType::kQ4_K, DType::kQ5_K, DType::kQ6_K),
    [](const auto& info) { return std::string(DTypeName(info.param)); });

TEST(Formats, RowBytes) {
  EXPECT_EQ(RowBytes(DType::kF32, 3), 12u);
  EXPECT_EQ(RowBytes(DType::kQ4_K, 512), 288u);
  EXPECT_EQ(RowBytes(DType::kQ8_0, 0), 0u);
  EXPECT_EQ(RowBytes(DType::kQ8_0, 33), std::nullopt);
  EXPECT_EQ(RowBytes(DType::kF32, -1), std::nullopt);
  EXPECT_EQ(RowBytes(DType::kF64, std::numeric_limits<int64_t>::max()),
            std::nullopt);
}

TEST(Formats, TensorBytes) {
  EXPECT_EQ(TensorBytes(DType::kF16, {}), 2u);
  EXPECT_EQ(TensorBytes(DType::kQ4_0, {3, 64}), 108u);
  // 64 values, but no row holds a whole block.
  EXPECT_EQ(TensorBytes(DType::kQ4_0, {4, 16}), std::nullopt);
  EXPECT_EQ(TensorBytes(DType::kQ4_0, {}), std::nullopt);
  EXPECT_EQ(TensorBytes(DType::kF32, {0, -1}), std::nullopt);
  EXPECT_EQ(TensorBytes(DType::kF32, {1 << 30, 1 << 30, 1 << 30}),
            std::nullopt);
}

TEST(Formats, RefusesWhatHasNoConversion) {
  float out[32];
  std::byte bytes[64]{};
  EXPECT_THAT(
      [&] {
        DecodeRow(DType::kI32, bytes, {out, 1});
      },
      ThrowsMessage<Error>(HasSubstr("I32 holds no real numbers")));
  EXPECT_THAT(
      [&] {
        EncodeRow(DType::kF64, {out, 1}, bytes);
      },
      ThrowsMessage<Error>(HasSubstr("F64 has no encoder")));
  EXPECT_FALSE(HasEncoder(DType::kQ5_K));
}

TEST(Formats, BlockEncodersRefuseWhatTheyWouldHide) {
  std::byte bytes[34];
  for (const DType dtype :
       {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0}) {
    std::vector<float> values(32, 1.0f);
    values[7] = std::nanf("");
    EXPECT_THROW(EncodeRow(dtype, values, bytes), Error);
    values[7] = -std::numeric_limits<float>::infinity();
    EXPECT_THROW(EncodeRow(dtype, values, bytes), Error);
    values[7] = 3e38f;  // finite, its scale is not
    EXPECT_THROW(EncodeRow(dtype, values, bytes), Error);
  }
}

// Scales whose inverse is no float: nothing overflows, zeros come out.
TEST(Formats, BlockEncodersTakeSubnormals) {
  std::byte bytes[34];
  for (const DType dtype :
       {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ5_1, DType::kQ8_0}) {
    std::vector<float> values(32, 0.0f);
    values[3] = 1e-44f;
    values[4] = -1e-44f;
    EncodeRow(dtype, values, bytes);
    std::vector<float> decoded(32, 1.0f);
    DecodeRow(dtype, bytes, decoded);
    for (const float value : decoded) EXPECT_EQ(value, 0.0f);
  }
}

TEST(Mlx, DecodesGroupsLowestBitsFirst) {
  const uint32_t four_bits[] = {0x76543210, 0xfedcba98};
  const float scales[] = {0.5f, -2.0f};
  const float biases[] = {1.0f, 3.0f};
  float out[16];
  DecodeMlxRow(four_bits, 4, 8, scales, biases, out);
  for (int j = 0; j < 16; ++j) {
    EXPECT_EQ(out[j], j < 8 ? 0.5f * j + 1.0f : -2.0f * j + 3.0f);
  }
  const uint32_t eight_bits[] = {0xff800100, 0x04030201};
  float wide[8];
  DecodeMlxRow(eight_bits, 8, 4, scales, biases, wide);
  EXPECT_THAT(wide, testing::ElementsAre(1.0f, 1.5f, 65.0f, 128.5f, 1.0f, -1.0f,
                                         -3.0f, -5.0f));
}

}  // namespace
}  // namespace llamba

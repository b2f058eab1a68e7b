#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/error.h"
#include "formats/formats.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace llamba {
namespace {

// The value of a half by the definition of IEEE 754's binary16.
double HalfByDefinition(int half) {
  const int exponent = (half >> 10) & 31;
  const int mantissa = half & 0x3ff;
  double magnitude = 0;
  if (exponent == 31) {
    magnitude = mantissa == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(mantissa, -24);
  } else {
    magnitude = std::ldexp(1024 + mantissa, exponent - 25);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(Half, DecodesEveryValue) {
  for (int half = 0; half < 65536; ++half) {
    const float decoded = HalfToFloat(static_cast<uint16_t>(half));
    const double expected = HalfByDefinition(half);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(decoded)) << half;
      continue;
    }
    EXPECT_EQ(static_cast<double>(decoded), expected) << half;
    EXPECT_EQ(std::signbit(decoded), half >= 0x8000) << half;
    EXPECT_EQ(FloatToHalf(decoded), half);
  }
}

// Between two neighbours: the midpoint goes to the even one, its neighbours to
// the nearer. After the largest half comes what would be 65536: infinity.
TEST(Half, EncodesToTheNearestEven) {
  for (int low = 0; low < 0x7c00; ++low) {
    const int high = low + 1;
    const double upper = high == 0x7c00 ? 65536.0 : HalfByDefinition(high);
    const auto middle = static_cast<float>((HalfByDefinition(low) + upper) / 2);
    for (const int sign : {0, 0x8000}) {
      const float s = sign == 0 ? 1.0f : -1.0f;
      const int even = low % 2 == 0 ? low : high;
      EXPECT_EQ(FloatToHalf(s * middle), sign | even) << low;
      EXPECT_EQ(FloatToHalf(s * std::nextafter(middle, 0.0f)), sign | low);
      EXPECT_EQ(FloatToHalf(s * std::nextafter(middle, 1e9f)), sign | high);
    }
  }
}

TEST(Half, EncodesWhatIsFarOutside) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(FloatToHalf(kInfinity), 0x7c00);
  EXPECT_EQ(FloatToHalf(-kInfinity), 0xfc00);
  EXPECT_EQ(FloatToHalf(3e38f), 0x7c00);
  EXPECT_EQ(FloatToHalf(-1e-40f), 0x8000);
  // The lowest payload bit of a NaN is cut off: it must not become infinity.
  EXPECT_EQ(FloatToHalf(std::bit_cast<float>(0x7f800001u)), 0x7e00);
  EXPECT_EQ(FloatToHalf(std::bit_cast<float>(0xffc02000u)), 0xfe01);
}

#if defined(__x86_64__)
__attribute__((target("f16c"))) uint16_t HardwareToHalf(float value) {
  return static_cast<uint16_t>(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT));
}
__attribute__((target("f16c"))) float HardwareToFloat(uint16_t half) {
  return _cvtsh_ss(half);
}

TEST(Half, EqualsTheInstructionsBitForBit) {
  // clang 14 cannot ask for F16C; every processor with AVX2 has it.
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "skipped: no F16C";
  for (uint32_t half = 0; half < 65536; ++half) {
    const auto h = static_cast<uint16_t>(half);
    ASSERT_EQ(std::bit_cast<uint32_t>(HalfToFloat(h)),
              std::bit_cast<uint32_t>(HardwareToFloat(h)))
        << half;
  }
  // A stride that is odd meets every pattern of the low bits.
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += 4099) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    ASSERT_EQ(FloatToHalf(value), HardwareToHalf(value)) << bits;
  }
}
#endif

TEST(Bfloat16, DecodesByAppendingZeros) {
  EXPECT_EQ(Bfloat16ToFloat(0x3f80), 1.0f);
  EXPECT_EQ(Bfloat16ToFloat(0xc049), -3.140625f);
  EXPECT_TRUE(std::isnan(Bfloat16ToFloat(0x7fc0)));
}

TEST(Bfloat16, EncodesToTheNearestEven) {
  for (uint32_t low = 0; low < 0x7f80; ++low) {
    const uint32_t middle = low << 16 | 0x8000;
    const uint32_t even = low % 2 == 0 ? low : low + 1;
    for (const uint32_t sign : {0u, 0x80000000u}) {
      const auto encode = [sign](uint32_t bits) {
        return uint32_t{FloatToBfloat16(std::bit_cast<float>(sign | bits))};
      };
      EXPECT_EQ(encode(low << 16), sign >> 16 | low);
      EXPECT_EQ(encode(middle), sign >> 16 | even);
      EXPECT_EQ(encode(middle - 1), sign >> 16 | low);
      EXPECT_EQ(encode(middle + 1), sign >> 16 | (low + 1));
    }
  }
}

TEST(Bfloat16, KeepsNaN) {
  EXPECT_EQ(FloatToBfloat16(std::bit_cast<float>(0x7f800001u)), 0x7fc0);
  EXPECT_EQ(FloatToBfloat16(std::bit_cast<float>(0xffffffffu)), 0xffff);
}

TEST(Plain, DecodesUnalignedDoubles) {
  const double values[] = {0.1, -1e300, 3.0};
  std::vector<std::byte> bytes(1 + sizeof values);
  std::memcpy(bytes.data() + 1, values, sizeof values);
  float out[3];
  DecodeRow(DType::kF64, bytes.data() + 1, out);
  EXPECT_EQ(out[0], 0.1f);
  EXPECT_EQ(out[1], -std::numeric_limits<float>::infinity());
  EXPECT_EQ(out[2], 3.0f);
}

}  // namespace
}  // namespace llamba

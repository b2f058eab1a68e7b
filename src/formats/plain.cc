#include <bit>

#include "formats/codec.h"

namespace llamba {

static_assert(std::endian::native == std::endian::little,
              "files are little endian and are read in place");

float HalfToFloat(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 31;
  const uint32_t mantissa = half & 0x3ff;
  uint32_t bits = 0;
  if (exponent == 0) {
    bits = std::bit_cast<uint32_t>(static_cast<float>(mantissa) * 0x1p-24f);
  } else if (exponent == 31) {
    bits = 0x7f800000 | mantissa << 13 | (mantissa != 0 ? 0x400000 : 0);
  } else {
    bits = (exponent + 112) << 23 | mantissa << 13;
  }
  return std::bit_cast<float>(sign | bits);
}

uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  uint32_t half = 0;
  if (magnitude > 0x7f800000) {
    half = 0x7e00 | ((magnitude >> 13) & 0x3ff);
  } else if (magnitude >= 0x477ff000) {  // 65520, halfway past the largest half
    half = 0x7c00;
  } else if (magnitude < 0x38800000) {  // below 2^-14: subnormal
    // A float just above 0.5 has steps of 2^-24, a half's smallest: the sum
    // rounds as the half must.
    const float sum = std::bit_cast<float>(magnitude) + 0.5f;
    half = std::bit_cast<uint32_t>(sum) - std::bit_cast<uint32_t>(0.5f);
  } else {
    magnitude += 0xfff + ((magnitude >> 13) & 1);
    half = (magnitude - (112u << 23)) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

uint16_t FloatToBfloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) {
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  }
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

namespace formats {

void DecodeF32(const std::byte* bytes, float* out, int64_t n) {
  std::memcpy(out, bytes, static_cast<size_t>(n) * sizeof(float));
}

void DecodeF16(const std::byte* bytes, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = LoadHalf(bytes + 2 * i);
}

void DecodeBF16(const std::byte* bytes, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    out[i] = Bfloat16ToFloat(Load<uint16_t>(bytes + 2 * i));
  }
}

void DecodeF64(const std::byte* bytes, float* out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<float>(Load<double>(bytes + 8 * i));
  }
}

void EncodeF32(const float* values, int64_t n, std::byte* out) {
  std::memcpy(out, values, static_cast<size_t>(n) * sizeof(float));
}

void EncodeF16(const float* values, int64_t n, std::byte* out) {
  for (int64_t i = 0; i < n; ++i) Store(out + 2 * i, FloatToHalf(values[i]));
}

void EncodeBF16(const float* values, int64_t n, std::byte* out) {
  for (int64_t i = 0; i < n; ++i) {
    Store(out + 2 * i, FloatToBfloat16(values[i]));
  }
}

}  // namespace formats
}  // namespace llamba

// Decoders of the K types: 256 values a block, in groups with small integer
// scales of their own under one half-precision scale.
#include "formats/codec.h"

namespace llamba::formats {
namespace {

constexpr int kValues = 256;

struct ScaleMin {
  float scale, min;
};

// Q4_K and Q5_K: scale and minimum of group j (of 8), 6 bits each, packed in 12
// bytes: the first four of either whole in the low bits of bytes 0-3 and 4-7,
// the last four with their low halves in bytes 8-11 and their two high bits
// atop bytes 0-3 and 4-7.
ScaleMin UnpackScaleMin(const std::byte* packed, int j, float d, float dmin) {
  const auto at = [packed](int i) { return std::to_integer<int>(packed[i]); };
  int scale = 0;
  int min = 0;
  if (j < 4) {
    scale = at(j) & 63;
    min = at(j + 4) & 63;
  } else {
    scale = (at(j + 4) & 15) | (at(j - 4) >> 6) << 4;
    min = at(j + 4) >> 4 | (at(j) >> 6) << 4;
  }
  return {d * static_cast<float>(scale), dmin * static_cast<float>(min)};
}

int Bit(std::byte b, int i) { return (std::to_integer<int>(b) >> i) & 1; }

}  // namespace

// d, dmin, 12 bytes of scales, 128 of codes: 32 bytes serve two groups of 32
// values, the low nibbles the first.
void DecodeQ4_K(const std::byte* bytes, float* out, int64_t n) {
  for (const float* end = out + n; out != end; out += kValues, bytes += 144) {
    const float d = LoadHalf(bytes);
    const float dmin = LoadHalf(bytes + 2);
    for (int j = 0; j < 8; ++j) {
      const ScaleMin s = UnpackScaleMin(bytes + 4, j, d, dmin);
      const std::byte* codes = bytes + 16 + j / 2 * 32;
      for (int i = 0; i < 32; ++i) {
        const int q = j % 2 == 0 ? Low(codes[i]) : High(codes[i]);
        out[32 * j + i] = s.scale * static_cast<float>(q) - s.min;
      }
    }
  }
}

// As Q4_K with 32 bytes of fifth bits before the codes: bit j of byte i is for
// value i of group j.
void DecodeQ5_K(const std::byte* bytes, float* out, int64_t n) {
  for (const float* end = out + n; out != end; out += kValues, bytes += 176) {
    const float d = LoadHalf(bytes);
    const float dmin = LoadHalf(bytes + 2);
    const std::byte* fifth = bytes + 16;
    for (int j = 0; j < 8; ++j) {
      const ScaleMin s = UnpackScaleMin(bytes + 4, j, d, dmin);
      const std::byte* codes = bytes + 48 + j / 2 * 32;
      for (int i = 0; i < 32; ++i) {
        const int low = j % 2 == 0 ? Low(codes[i]) : High(codes[i]);
        const int q = low | Bit(fifth[i], j) << 4;
        out[32 * j + i] = s.scale * static_cast<float>(q) - s.min;
      }
    }
  }
}

// 128 bytes of low nibbles, 64 of the two high bits, 16 signed scales, d. Each
// half of 128 values is four runs of 32: runs 0 and 2 share their low bytes, as
// 1 and 3 do; run r has bits 2r and 2r+1 of the high bytes.
void DecodeQ6_K(const std::byte* bytes, float* out, int64_t n) {
  for (const float* end = out + n; out != end; out += kValues, bytes += 210) {
    const float d = LoadHalf(bytes + 208);
    for (int run = 0; run < 8; ++run) {
      const int half = run / 4;
      const int r = run % 4;
      const std::byte* low = bytes + 64 * half + 32 * (r % 2);
      const std::byte* high = bytes + 128 + 32 * half;
      for (int i = 0; i < 32; ++i) {
        const int nibble = r < 2 ? Low(low[i]) : High(low[i]);
        const int top = std::to_integer<int>(high[i]) >> (2 * r) & 3;
        const auto scale = Load<int8_t>(bytes + 192 + 2 * run + i / 16);
        out[32 * run + i] = d * static_cast<float>(scale) *
                            static_cast<float>((nibble | top << 4) - 32);
      }
    }
  }
}

}  // namespace llamba::formats

// Decoders of the block types of 32 values: a half-precision scale d, perhaps a
// half-precision minimum m, perhaps a word of fifth bits, then the codes. Of
// two codes in a byte the lower is value j, the upper value j + 16.
#include "formats/codec.h"

namespace llamba::formats {
namespace {

constexpr int64_t kValues = 32;

// Calls block(bytes, out) for each block of n values.
template <typename Block>
void ForBlocks(const std::byte* bytes, float* out, int64_t n,
               int64_t block_bytes, Block block) {
  for (int64_t i = 0; i < n; i += kValues) {
    block(bytes, out + i);
    bytes += block_bytes;
  }
}

// Codes of 4 bits, `value` maps a code to a float.
template <typename Value>
void DecodeNibbles(const std::byte* codes, float* out, Value value) {
  for (int j = 0; j < kValues / 2; ++j) {
    out[j] = value(Low(codes[j]));
    out[j + kValues / 2] = value(High(codes[j]));
  }
}

// Codes of 5 bits: bit j of `fifth` tops code j.
template <typename Value>
void DecodeFiveBits(const std::byte* codes, uint32_t fifth, float* out,
                    Value value) {
  for (int j = 0; j < kValues / 2; ++j) {
    const uint32_t low = (fifth >> j) & 1;
    const uint32_t high = (fifth >> (j + kValues / 2)) & 1;
    out[j] = value(Low(codes[j]) | static_cast<int>(low << 4));
    out[j + kValues / 2] = value(High(codes[j]) | static_cast<int>(high << 4));
  }
}

}  // namespace

void DecodeQ4_0(const std::byte* bytes, float* out, int64_t n) {
  ForBlocks(bytes, out, n, 18, [](const std::byte* b, float* y) {
    const float d = LoadHalf(b);
    DecodeNibbles(b + 2, y,
                  [d](int q) { return static_cast<float>(q - 8) * d; });
  });
}

void DecodeQ4_1(const std::byte* bytes, float* out, int64_t n) {
  ForBlocks(bytes, out, n, 20, [](const std::byte* b, float* y) {
    const float d = LoadHalf(b);
    const float m = LoadHalf(b + 2);
    DecodeNibbles(b + 4, y,
                  [d, m](int q) { return static_cast<float>(q) * d + m; });
  });
}

void DecodeQ5_0(const std::byte* bytes, float* out, int64_t n) {
  ForBlocks(bytes, out, n, 22, [](const std::byte* b, float* y) {
    const float d = LoadHalf(b);
    DecodeFiveBits(b + 6, Load<uint32_t>(b + 2), y,
                   [d](int q) { return static_cast<float>(q - 16) * d; });
  });
}

void DecodeQ5_1(const std::byte* bytes, float* out, int64_t n) {
  ForBlocks(bytes, out, n, 24, [](const std::byte* b, float* y) {
    const float d = LoadHalf(b);
    const float m = LoadHalf(b + 2);
    DecodeFiveBits(b + 8, Load<uint32_t>(b + 4), y,
                   [d, m](int q) { return static_cast<float>(q) * d + m; });
  });
}

void DecodeQ8_0(const std::byte* bytes, float* out, int64_t n) {
  ForBlocks(bytes, out, n, 34, [](const std::byte* b, float* y) {
    const float d = LoadHalf(b);
    for (int j = 0; j < kValues; ++j) {
      y[j] = static_cast<float>(Load<int8_t>(b + 2 + j)) * d;
    }
  });
}

void DecodeIQ4_NL(const std::byte* bytes, float* out, int64_t n) {
  ForBlocks(bytes, out, n, 18, [](const std::byte* b, float* y) {
    const float d = LoadHalf(b);
    DecodeNibbles(b + 2, y, [d](int q) { return d * kIq4Levels[q]; });
  });
}

}  // namespace llamba::formats

// Encoders of the block types of 32 values, after the reference quantizers of
// ggml-quants.c: the scale that quantizes is the unrounded one, the scale that
// is stored is rounded to half precision.
#include <algorithm>
#include <cmath>

#include "formats/codec.h"
#include "formats/pack.h"

namespace llamba::formats {
namespace {

using Values = std::span<const float, kBlockValues>;

// Symmetric codes of `bits` bits: value = (code - 2^(bits-1)) * d. The extreme
// value gets the lowest code, so that one of its sign is exact.
void EncodeSymmetric(Values x, int bits, DType dtype, std::byte* out) {
  const int zero = 1 << (bits - 1);
  const float d = FindRange(x, dtype).extreme / static_cast<float>(-zero);
  const float inverse = Inverse(d);
  uint8_t codes[kBlockValues];
  for (size_t j = 0; j < kBlockValues; ++j) {
    codes[j] =
        Code(x[j] * inverse + (static_cast<float>(zero) + 0.5f), 2 * zero - 1);
  }
  PackBlock(dtype, ScaleToHalf(d, dtype), 0, codes, out);
}

// Codes above a minimum: value = code * d + m.
void EncodeAffine(Values x, int bits, DType dtype, std::byte* out) {
  const int top = (1 << bits) - 1;
  const Range range = FindRange(x, dtype);
  const float d = (range.max - range.min) / static_cast<float>(top);
  const float inverse = Inverse(d);
  uint8_t codes[kBlockValues];
  for (size_t j = 0; j < kBlockValues; ++j) {
    codes[j] = Code((x[j] - range.min) * inverse + 0.5f, top);
  }
  PackBlock(dtype, ScaleToHalf(d, dtype), ScaleToHalf(range.min, dtype), codes,
            out);
}

template <typename Block>
void ForBlocks(const float* values, int64_t n, std::byte* out,
               int64_t block_bytes, Block block) {
  for (int64_t i = 0; i < n; i += kBlockValues) {
    block(Values(values + i, kBlockValues), out);
    out += block_bytes;
  }
}

}  // namespace

void EncodeQ4_0(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 18, [](Values x, std::byte* b) {
    EncodeSymmetric(x, 4, DType::kQ4_0, b);
  });
}

void EncodeQ4_1(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 20, [](Values x, std::byte* b) {
    EncodeAffine(x, 4, DType::kQ4_1, b);
  });
}

void EncodeQ5_0(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 22, [](Values x, std::byte* b) {
    EncodeSymmetric(x, 5, DType::kQ5_0, b);
  });
}

void EncodeQ5_1(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 24, [](Values x, std::byte* b) {
    EncodeAffine(x, 5, DType::kQ5_1, b);
  });
}

void EncodeQ8_0(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 34, [](Values x, std::byte* b) {
    const float d = std::fabs(FindRange(x, DType::kQ8_0).extreme) / 127.0f;
    const float inverse = Inverse(d);
    uint8_t codes[kBlockValues];
    for (size_t j = 0; j < kBlockValues; ++j) {
      const float code = std::clamp(std::round(x[j] * inverse), -127.f, 127.f);
      codes[j] = static_cast<uint8_t>(code + 127.0f);
    }
    PackBlock(DType::kQ8_0, ScaleToHalf(d, DType::kQ8_0), 0, codes, b);
  });
}

// The extreme value gets the lowest level, as in the symmetric types.
void EncodeIQ4_NL(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 18, [](Values x, std::byte* b) {
    const float d = FindRange(x, DType::kIQ4_NL).extreme / kIq4Levels[0];
    const float inverse = Inverse(d);
    uint8_t codes[kBlockValues];
    for (size_t j = 0; j < kBlockValues; ++j) {
      codes[j] = static_cast<uint8_t>(NearestIq4(x[j] * inverse));
    }
    PackBlock(DType::kIQ4_NL, ScaleToHalf(d, DType::kIQ4_NL), 0, codes, b);
  });
}

}  // namespace llamba::formats

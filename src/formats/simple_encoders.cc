// Encoders of the block types of 32 values (layout: simple_blocks.cc), after
// the reference quantizers of ggml-quants.c: the scale that quantizes is the
// unrounded one, the scale that is stored is rounded to half precision.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/codec.h"

namespace llamba::formats {
namespace {

constexpr int kValues = 32;
constexpr int kHalf = kValues / 2;

struct Range {
  float min, max;
  float extreme;  // the first value of the largest magnitude, with its sign
};

Range FindRange(const float* x, DType dtype) {
  Range r{x[0], x[0], x[0]};
  for (int j = 0; j < kValues; ++j) {
    if (!std::isfinite(x[j])) {
      Fail("value {} cannot be encoded as {}", x[j], DTypeName(dtype));
    }
    r.min = std::min(r.min, x[j]);
    r.max = std::max(r.max, x[j]);
    if (std::fabs(x[j]) > std::fabs(r.extreme)) r.extreme = x[j];
  }
  return r;
}

void StoreHalf(std::byte* out, float value, DType dtype) {
  const uint16_t half = FloatToHalf(value);
  if ((half & 0x7fff) >= 0x7c00) {
    Fail("scale {} is too large for {}", value, DTypeName(dtype));
  }
  Store(out, half);
}

// 0 for a zero scale, and for one so small that the inverse overflows: it is
// stored as zero anyway.
float Inverse(float d) {
  const float inverse = 1.0f / d;
  return std::isfinite(inverse) ? inverse : 0.0f;
}

// Truncates and clamps to [0, top].
int Code(float value, int top) {
  return static_cast<int>(std::clamp(value, 0.0f, static_cast<float>(top)));
}

void PackNibbles(const int* codes, std::byte* out) {
  for (int j = 0; j < kHalf; ++j) {
    out[j] =
        static_cast<std::byte>((codes[j] & 15) | (codes[j + kHalf] & 15) << 4);
  }
}

uint32_t FifthBits(const int* codes) {
  uint32_t bits = 0;
  for (int j = 0; j < kValues; ++j) {
    bits |= static_cast<uint32_t>(codes[j] >> 4 & 1) << j;
  }
  return bits;
}

// Symmetric codes of `bits` bits: value = (code - 2^(bits-1)) * d. The extreme
// value gets the lowest code, so that one of its sign is exact.
void SymmetricCodes(const float* x, int bits, DType dtype, std::byte* scale,
                    int* codes) {
  const int zero = 1 << (bits - 1);
  const float d = FindRange(x, dtype).extreme / static_cast<float>(-zero);
  const float inverse = Inverse(d);
  StoreHalf(scale, d, dtype);
  for (int j = 0; j < kValues; ++j) {
    codes[j] =
        Code(x[j] * inverse + (static_cast<float>(zero) + 0.5f), 2 * zero - 1);
  }
}

// Codes above a minimum: value = code * d + m.
void AffineCodes(const float* x, int bits, DType dtype, std::byte* scales,
                 int* codes) {
  const int top = (1 << bits) - 1;
  const Range range = FindRange(x, dtype);
  const float d = (range.max - range.min) / static_cast<float>(top);
  const float inverse = Inverse(d);
  StoreHalf(scales, d, dtype);
  StoreHalf(scales + 2, range.min, dtype);
  for (int j = 0; j < kValues; ++j) {
    codes[j] = Code((x[j] - range.min) * inverse + 0.5f, top);
  }
}

template <typename Block>
void ForBlocks(const float* values, int64_t n, std::byte* out,
               int64_t block_bytes, Block block) {
  for (int64_t i = 0; i < n; i += kValues) {
    block(values + i, out);
    out += block_bytes;
  }
}

}  // namespace

void EncodeQ4_0(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 18, [](const float* x, std::byte* b) {
    int codes[kValues];
    SymmetricCodes(x, 4, DType::kQ4_0, b, codes);
    PackNibbles(codes, b + 2);
  });
}

void EncodeQ4_1(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 20, [](const float* x, std::byte* b) {
    int codes[kValues];
    AffineCodes(x, 4, DType::kQ4_1, b, codes);
    PackNibbles(codes, b + 4);
  });
}

void EncodeQ5_0(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 22, [](const float* x, std::byte* b) {
    int codes[kValues];
    SymmetricCodes(x, 5, DType::kQ5_0, b, codes);
    Store(b + 2, FifthBits(codes));
    PackNibbles(codes, b + 6);
  });
}

void EncodeQ5_1(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 24, [](const float* x, std::byte* b) {
    int codes[kValues];
    AffineCodes(x, 5, DType::kQ5_1, b, codes);
    Store(b + 4, FifthBits(codes));
    PackNibbles(codes, b + 8);
  });
}

void EncodeQ8_0(const float* values, int64_t n, std::byte* out) {
  ForBlocks(values, n, out, 34, [](const float* x, std::byte* b) {
    const float d = std::fabs(FindRange(x, DType::kQ8_0).extreme) / 127.0f;
    const float inverse = Inverse(d);
    StoreHalf(b, d, DType::kQ8_0);
    for (int j = 0; j < kValues; ++j) {
      const float code = std::clamp(std::round(x[j] * inverse), -127.f, 127.f);
      Store(b + 2 + j, static_cast<int8_t>(code));
    }
  });
}

}  // namespace llamba::formats

#ifndef LLAMBA_FORMATS_CODEC_H_
#define LLAMBA_FORMATS_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/dtype.h"
#include "formats/formats.h"

namespace llamba::formats {

// Inside this room only. What the table in formats.cc knows of a type; a null
// function where the type has no such conversion.
struct Codec {
  DType dtype;
  BlockSize block;
  void (*decode)(const std::byte* bytes, float* out, int64_t n);
  void (*encode)(const float* values, int64_t n, std::byte* out);
};

// n counts values, a multiple of the block.
using Decoder = void(const std::byte* bytes, float* out, int64_t n);
using Encoder = void(const float* values, int64_t n, std::byte* out);

Decoder DecodeF32, DecodeF16, DecodeBF16, DecodeF64;
Decoder DecodeQ4_0, DecodeQ4_1, DecodeQ5_0, DecodeQ5_1, DecodeQ8_0;
Decoder DecodeIQ4_NL, DecodeQ4_K, DecodeQ5_K, DecodeQ6_K;
Encoder EncodeF32, EncodeF16, EncodeBF16;
Encoder EncodeQ4_0, EncodeQ4_1, EncodeQ5_0, EncodeQ5_1, EncodeQ8_0;
Encoder EncodeIQ4_NL, EncodeQ4_K;

// What IQ4_NL's codes stand for; rising whole numbers.
inline constexpr float kIq4Levels[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// Unaligned little-endian loads and stores.
template <typename T>
T Load(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}
template <typename T>
void Store(std::byte* p, T value) {
  std::memcpy(p, &value, sizeof value);
}

inline float LoadHalf(const std::byte* p) {
  return HalfToFloat(Load<uint16_t>(p));
}

// What encoders share (encode.cc). NaN and infinities are an Error, as is a
// scale that no half can hold.
struct Range {
  float min, max;
  float extreme;  // the first value of the largest magnitude, with its sign
};
Range FindRange(std::span<const float> x, DType dtype);
uint16_t ScaleToHalf(float value, DType dtype);
// 1 / d; 0 for a zero scale, and for one so small that the inverse overflows:
// it is stored as zero anyway.
float Inverse(float d);
// Truncates and clamps to [0, top].
uint8_t Code(float value, int top);

inline int Low(std::byte b) { return std::to_integer<int>(b & std::byte{15}); }
inline int High(std::byte b) { return std::to_integer<int>(b >> 4); }

}  // namespace llamba::formats

#endif  // LLAMBA_FORMATS_CODEC_H_

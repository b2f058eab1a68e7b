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
inline int Low(std::byte b) { return std::to_integer<int>(b & std::byte{15}); }
inline int High(std::byte b) { return std::to_integer<int>(b >> 4); }

}  // namespace llamba::formats

#endif  // LLAMBA_FORMATS_CODEC_H_

#ifndef LLAMBA_FORMATS_PACK_H_
#define LLAMBA_FORMATS_PACK_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/dtype.h"

// Codes and scales to the bytes of a block: the one place that knows where
// ggml's layouts keep what. For encoders, here and in src/quantize. All
// functions are pure.
namespace llamba {

inline constexpr int kBlockValues = 32;   // of the simple types
inline constexpr int kSuperValues = 256;  // of the K types

// The 16 values, rising, that IQ4_NL's codes stand for.
std::span<const float, 16> Iq4Levels();
// The code whose level is nearest to `value` (the lower of two as near).
int NearestIq4(float value);

// One block of 32 codes of a simple type. A value is what the decoders say:
//   Q4_0 (code - 8) d, Q5_0 (code - 16) d, Q4_1 and Q5_1 code d + m, Q8_0
//   (code - 127) d, IQ4_NL level[code] d.
// `scale` and `offset` (m; unused where the type has none) are halves; `codes`
// lie in the type's range.
void PackBlock(DType dtype, uint16_t scale, uint16_t offset,
               const uint8_t* codes, std::byte* out);

// A block of Q4_K: value i of group j is d scales[j] code - dmin mins[j], with
// scales and mins of 6 bits and 32 values a group.
struct Q4KScales {
  uint16_t d = 0, dmin = 0;  // halves
  uint8_t scales[8] = {}, mins[8] = {};
};
void PackQ4K(const Q4KScales& scales, const uint8_t* codes, std::byte* out);

}  // namespace llamba

#endif  // LLAMBA_FORMATS_PACK_H_

#ifndef LLAMBA_FORMATS_FORMATS_H_
#define LLAMBA_FORMATS_FORMATS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/dtype.h"
#include "base/tensor_view.h"

namespace llamba {

// Block layouts are ggml's (ggml-common.h); values of a block stand in the
// order of the row. All functions are pure and safe from any thread.

// Size of a type's smallest unit: `elements` values in `bytes` bytes (1 element
// for plain types, 32 or 256 for block types).
struct BlockSize {
  int64_t elements;
  int64_t bytes;
};
BlockSize GetBlockSize(DType dtype);

// Bytes of a row of n values; empty where n is no multiple of the block, is
// negative, or the count overflows.
std::optional<size_t> RowBytes(DType dtype, int64_t n);

// Bytes of a whole tensor, rows along the last dimension; empty where a
// dimension is negative, a row is no multiple of the block, or a count
// overflows.
std::optional<size_t> TensorBytes(DType dtype, const Shape& shape);

// Scalar conversions, round to nearest even; NaN stays NaN, made quiet, as the
// x86 and Arm instructions do.
float HalfToFloat(uint16_t half);
uint16_t FloatToHalf(float value);
uint16_t FloatToBfloat16(float value);
inline float Bfloat16ToFloat(uint16_t value) {
  return __builtin_bit_cast(float, static_cast<uint32_t>(value) << 16);
}

// Decodes out.size() values (a multiple of the block) of F32, F16, BF16, F64 or
// any block type from `bytes` to float. The plain definition of each format:
// the oracle for every faster path. Source may be unaligned. Throws Error for
// types that hold no real numbers.
void DecodeRow(DType dtype, const std::byte* bytes, std::span<float> out);

// Encodes values to F32, F16, BF16, one of the simple block types (32 values a
// block) or Q4_K. Round to nearest; the simple encoders are ggml's reference
// ones, IQ4_NL and Q4_K take the scales that span the values (src/quantize
// searches for better ones). Throws Error for a type that has no encoder, and
// for a block that holds NaN, an infinity or values too large for its scale.
// Destination may be unaligned.
void EncodeRow(DType dtype, std::span<const float> values, std::byte* out);

// True where EncodeRow knows the type.
bool HasEncoder(DType dtype);

// MLX affine groups (SPEC.md, "The MLX layout"): one row of `words` (U32, 2, 4
// or 8 bits a value, lowest first) with one scale and bias for `group` values:
// out = q * scale + bias.
void DecodeMlxRow(std::span<const uint32_t> words, int bits, int64_t group,
                  std::span<const float> scales, std::span<const float> biases,
                  std::span<float> out);

}  // namespace llamba

#endif  // LLAMBA_FORMATS_FORMATS_H_

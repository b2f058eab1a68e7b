#ifndef LLAMBA_BASE_DTYPE_H_
#define LLAMBA_BASE_DTYPE_H_

#include <optional>
#include <string_view>

namespace llamba {

// Element and block types of tensors in files and in memory. Block types (Q*,
// IQ*) are GGUF's; their sizes, encoders and decoders stand in src/formats.
enum class DType {
  kF32,
  kF16,
  kBF16,
  kF64,
  kI8,
  kI16,
  kI32,
  kI64,
  kU8,
  kU16,
  kU32,
  kU64,
  kBool,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
};

// "F32", "BF16", "Q4_K": the names that safetensors and GGUF tools print.
std::string_view DTypeName(DType dtype);

// The reverse, in any case ("q4_k"); empty for an unknown name.
std::optional<DType> ParseDType(std::string_view name);

// True for the types that hold one number an element: F32, F16, BF16.
constexpr bool IsFloat(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

}  // namespace llamba

#endif  // LLAMBA_BASE_DTYPE_H_

#ifndef LLAMBA_CHECKPOINT_GGUF_TYPES_H_
#define LLAMBA_CHECKPOINT_GGUF_TYPES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/dtype.h"

// Numbers of the GGUF format (ggml/docs/gguf.md), shared by reader and writer.
namespace llamba::gguf {

inline constexpr char kMagic[] = {'G', 'G', 'U', 'F'};
inline constexpr uint32_t kVersion = 3;
inline constexpr uint64_t kAlignment = 32;  // unless general.alignment says
inline constexpr uint32_t kMaxDimensions = 4;
inline constexpr size_t kMaxNameBytes = 63;  // llama.cpp's, for tensors
inline constexpr std::string_view kAlignmentKey = "general.alignment";
inline constexpr std::string_view kSplitKey = "split.count";

enum class ValueType : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

// The type of a tensor that file number `type` means; empty where src/formats
// does not know it.
std::optional<DType> TensorType(uint32_t type);
// "Q2_K", or "number 99" for one that ggml does not have either.
std::string TensorTypeName(uint32_t type);
// The reverse of TensorType; empty for types that GGUF lacks (U8, BOOL, ..).
std::optional<uint32_t> TensorTypeNumber(DType dtype);

// The first multiple of `alignment`, a power of two, from `position` on. The
// caller has kept position away from 2^64.
constexpr uint64_t AlignUp(uint64_t position, uint64_t alignment) {
  return (position + alignment - 1) & ~(alignment - 1);
}

}  // namespace llamba::gguf

#endif  // LLAMBA_CHECKPOINT_GGUF_TYPES_H_

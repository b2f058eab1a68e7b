#include "formats/formats.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "formats/codec.h"

namespace llamba {
namespace {

using namespace formats;  // NOLINT(google-build-using-namespace)

// In the order of the enumeration: a type is its index.
constexpr std::array<Codec, 22> kCodecs{{
    {DType::kF32, {1, 4}, DecodeF32, EncodeF32},
    {DType::kF16, {1, 2}, DecodeF16, EncodeF16},
    {DType::kBF16, {1, 2}, DecodeBF16, EncodeBF16},
    {DType::kF64, {1, 8}, DecodeF64, nullptr},
    {DType::kI8, {1, 1}, nullptr, nullptr},
    {DType::kI16, {1, 2}, nullptr, nullptr},
    {DType::kI32, {1, 4}, nullptr, nullptr},
    {DType::kI64, {1, 8}, nullptr, nullptr},
    {DType::kU8, {1, 1}, nullptr, nullptr},
    {DType::kU16, {1, 2}, nullptr, nullptr},
    {DType::kU32, {1, 4}, nullptr, nullptr},
    {DType::kU64, {1, 8}, nullptr, nullptr},
    {DType::kBool, {1, 1}, nullptr, nullptr},
    {DType::kQ4_0, {32, 18}, DecodeQ4_0, EncodeQ4_0},
    {DType::kQ4_1, {32, 20}, DecodeQ4_1, EncodeQ4_1},
    {DType::kQ5_0, {32, 22}, DecodeQ5_0, EncodeQ5_0},
    {DType::kQ5_1, {32, 24}, DecodeQ5_1, EncodeQ5_1},
    {DType::kQ8_0, {32, 34}, DecodeQ8_0, EncodeQ8_0},
    {DType::kQ4_K, {256, 144}, DecodeQ4_K, EncodeQ4_K},
    {DType::kQ5_K, {256, 176}, DecodeQ5_K, nullptr},
    {DType::kQ6_K, {256, 210}, DecodeQ6_K, nullptr},
    {DType::kIQ4_NL, {32, 18}, DecodeIQ4_NL, EncodeIQ4_NL},
}};

constexpr bool InOrder() {
  for (size_t i = 0; i < kCodecs.size(); ++i) {
    if (static_cast<size_t>(kCodecs[i].dtype) != i) return false;
  }
  return true;
}
static_assert(InOrder());

const Codec& Find(DType dtype) {
  const auto i = static_cast<size_t>(dtype);
  LLAMBA_ASSERT(i < kCodecs.size());
  return kCodecs[i];
}

}  // namespace

BlockSize GetBlockSize(DType dtype) { return Find(dtype).block; }

std::optional<size_t> RowBytes(DType dtype, int64_t n) {
  const BlockSize block = GetBlockSize(dtype);
  if (n < 0 || n % block.elements != 0) return std::nullopt;
  int64_t bytes = 0;
  if (__builtin_mul_overflow(n / block.elements, block.bytes, &bytes)) {
    return std::nullopt;
  }
  return static_cast<size_t>(bytes);
}

std::optional<size_t> TensorBytes(DType dtype, const Shape& shape) {
  const bool negative =
      std::any_of(shape.begin(), shape.end(), [](int64_t d) { return d < 0; });
  const int64_t row = shape.empty() ? 1 : shape.back();
  if (negative || row % GetBlockSize(dtype).elements != 0) return std::nullopt;
  return RowBytes(dtype, CheckedNumElements(shape));
}

void DecodeRow(DType dtype, const std::byte* bytes, std::span<float> out) {
  const Codec& codec = Find(dtype);
  if (codec.decode == nullptr) {
    Fail("type {} holds no real numbers", DTypeName(dtype));
  }
  const auto n = static_cast<int64_t>(out.size());
  LLAMBA_ASSERT(n % codec.block.elements == 0);
  if (n != 0) codec.decode(bytes, out.data(), n);
}

void EncodeRow(DType dtype, std::span<const float> values, std::byte* out) {
  const Codec& codec = Find(dtype);
  if (codec.encode == nullptr) {
    Fail("type {} has no encoder", DTypeName(dtype));
  }
  const auto n = static_cast<int64_t>(values.size());
  LLAMBA_ASSERT(n % codec.block.elements == 0);
  if (n != 0) codec.encode(values.data(), n, out);
}

bool HasEncoder(DType dtype) { return Find(dtype).encode != nullptr; }

}  // namespace llamba

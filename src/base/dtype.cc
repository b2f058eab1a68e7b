#include "base/dtype.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/error.h"

namespace llamba {
namespace {

constexpr std::array<std::pair<DType, std::string_view>, 22> kNames{{
    {DType::kF32, "F32"},       {DType::kF16, "F16"},   {DType::kBF16, "BF16"},
    {DType::kF64, "F64"},       {DType::kI8, "I8"},     {DType::kI16, "I16"},
    {DType::kI32, "I32"},       {DType::kI64, "I64"},   {DType::kU8, "U8"},
    {DType::kU16, "U16"},       {DType::kU32, "U32"},   {DType::kU64, "U64"},
    {DType::kBool, "BOOL"},     {DType::kQ4_0, "Q4_0"}, {DType::kQ4_1, "Q4_1"},
    {DType::kQ5_0, "Q5_0"},     {DType::kQ5_1, "Q5_1"}, {DType::kQ8_0, "Q8_0"},
    {DType::kQ4_K, "Q4_K"},     {DType::kQ5_K, "Q5_K"}, {DType::kQ6_K, "Q6_K"},
    {DType::kIQ4_NL, "IQ4_NL"},
}};

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) {
                      return std::toupper(x) == std::toupper(y);
                    });
}

}  // namespace

std::string_view DTypeName(DType dtype) {
  for (const auto& [type, name] : kNames) {
    if (type == dtype) return name;
  }
  LLAMBA_ASSERT(false && "unknown dtype");
  return "";
}

std::optional<DType> ParseDType(std::string_view name) {
  for (const auto& [type, known] : kNames) {
    if (EqualIgnoringCase(known, name)) return type;
  }
  return std::nullopt;
}

}  // namespace llamba

#include "checkpoint/gguf_types.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace llamba::gguf {
namespace {

constexpr std::array<std::pair<uint32_t, DType>, 17> kTypes{{
    {0, DType::kF32},
    {1, DType::kF16},
    {2, DType::kQ4_0},
    {3, DType::kQ4_1},
    {6, DType::kQ5_0},
    {7, DType::kQ5_1},
    {8, DType::kQ8_0},
    {12, DType::kQ4_K},
    {13, DType::kQ5_K},
    {14, DType::kQ6_K},
    {20, DType::kIQ4_NL},
    {24, DType::kI8},
    {25, DType::kI16},
    {26, DType::kI32},
    {27, DType::kI64},
    {28, DType::kF64},
    {30, DType::kBF16},
}};

// What others write and we do not read, for errors.
constexpr std::array<std::pair<uint32_t, std::string_view>, 19> kForeign{{
    {4, "Q4_2"},        {5, "Q4_3"},   {9, "Q8_1"},     {10, "Q2_K"},
    {11, "Q3_K"},       {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"},
    {18, "IQ3_XXS"},    {19, "IQ1_S"}, {21, "IQ3_S"},   {22, "IQ2_S"},
    {23, "IQ4_XS"},     {29, "IQ1_M"}, {34, "TQ1_0"},   {35, "TQ2_0"},
    {36, "IQ4_NL_4_4"}, {39, "MXFP4"}, {40, "NVFP4"},
}};

}  // namespace

std::optional<DType> TensorType(uint32_t type) {
  for (const auto& [number, dtype] : kTypes) {
    if (number == type) return dtype;
  }
  return std::nullopt;
}

std::string TensorTypeName(uint32_t type) {
  if (const auto dtype = TensorType(type))
    return std::string(DTypeName(*dtype));
  for (const auto& [number, name] : kForeign) {
    if (number == type) return std::string(name);
  }
  return fmt::format("number {}", type);
}

std::optional<uint32_t> TensorTypeNumber(DType dtype) {
  for (const auto& [number, known] : kTypes) {
    if (known == dtype) return number;
  }
  return std::nullopt;
}

}  // namespace llamba::gguf

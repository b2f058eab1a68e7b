#ifndef LLAMBA_CHECKPOINT_SAFETENSORS_TYPES_H_
#define LLAMBA_CHECKPOINT_SAFETENSORS_TYPES_H_

#include <optional>
#include <string_view>

#include "base/dtype.h"
#include "formats/formats.h"

namespace llamba {

// safetensors holds the plain types alone, under the names DTypeName gives.
inline bool IsSafetensorsType(DType dtype) {
  return GetBlockSize(dtype).elements == 1;
}

// Empty for block types, unknown names and names in another case.
inline std::optional<DType> ParseSafetensorsType(std::string_view name) {
  const auto dtype = ParseDType(name);
  if (!dtype || !IsSafetensorsType(*dtype) || DTypeName(*dtype) != name) {
    return std::nullopt;
  }
  return dtype;
}

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_SAFETENSORS_TYPES_H_

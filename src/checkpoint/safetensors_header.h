#ifndef LLAMBA_CHECKPOINT_SAFETENSORS_HEADER_H_
#define LLAMBA_CHECKPOINT_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor_view.h"

namespace llamba {

// The JSON header of a safetensors file, as it says; only its form is checked.
struct SafetensorsHeader {
  struct Entry {
    std::string name;
    std::string dtype;
    Shape shape;                    // not negative
    std::vector<uint64_t> offsets;  // two: begin and end in the data
  };
  std::vector<Entry> entries;  // in the header's order
  std::map<std::string, std::string> metadata;
};

// Throws Error naming `path` and the field on anything but {name: {dtype,
// shape, data_offsets}, "__metadata__": {string: string}}, names and fields
// unique. Uses no recursion, whatever the nesting.
SafetensorsHeader ParseSafetensorsHeader(const std::string& path,
                                         std::string_view json);

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_SAFETENSORS_HEADER_H_

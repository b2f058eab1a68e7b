#ifndef LLAMBA_MODEL_LAYOUT_NAMES_H_
#define LLAMBA_MODEL_LAYOUT_NAMES_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/schema.h"

// How a layout calls its tensors; each layout's table stands in its own file.
namespace llamba {

struct RoleName {
  TensorRole role;
  std::string_view name;  // behind the layer's prefix, where it has a layer
};

struct LayoutNames {
  // "{}" in it stands for the layer's number: "backbone.layers.{}.".
  std::string_view layer_prefix;
  // Searched in this order.
  std::vector<std::span<const RoleName>> tables;

  // The layout has such a tensor, else this is our bug.
  std::string Name(const TensorId& id) const;
};

const LayoutNames& HuggingFaceLlambaNames();
const LayoutNames& HuggingFaceLlamaNames();
const LayoutNames& GgufLlambaNames();
const LayoutNames& GgufLlamaNames();

// What the two Hugging Face layouts, and the two GGUF ones, share: norms,
// attention and MLP of a block; GGUF's embedding and head as well.
std::span<const RoleName> HuggingFaceBlockNames();
std::span<const RoleName> GgufCommonNames();

}  // namespace llamba

#endif  // LLAMBA_MODEL_LAYOUT_NAMES_H_

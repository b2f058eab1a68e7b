#include "model/layout_names.h"

namespace llamba {
namespace {

// transformers' LlamaForCausalLM.
constexpr RoleName kNames[] = {
    {TensorRole::kEmbedding, "model.embed_tokens.weight"},
    {TensorRole::kFinalNorm, "model.norm.weight"},
    {TensorRole::kHead, "lm_head.weight"},
};

}  // namespace

const LayoutNames& HuggingFaceLlamaNames() {
  static const LayoutNames names = {"model.layers.{}.",
                                    {kNames, HuggingFaceBlockNames()}};
  return names;
}

}  // namespace llamba

#include "model/layout_names.h"

namespace llamba {
namespace {

using Role = TensorRole;

// As published by cartesia-ai (SPEC 3).
constexpr RoleName kNames[] = {
    {Role::kEmbedding, "backbone.embedding.weight"},
    {Role::kFinalNorm, "backbone.final_layernorm.weight"},
    {Role::kHead, "lm_head.weight"},
    {Role::kHeadBias, "lm_head.bias"},
    {Role::kSsmIn, "mixer.in_proj.weight"},
    {Role::kSsmInBias, "mixer.in_proj.bias"},
    {Role::kSsmConv, "mixer.conv1d.weight"},
    {Role::kSsmConvBias, "mixer.conv1d.bias"},
    {Role::kSsmZBias, "mixer.z_bias"},
    {Role::kSsmD, "mixer.D"},
    {Role::kSsmOut, "mixer.out_proj.weight"},
    {Role::kSsmOutBias, "mixer.out_proj.bias"},
};

}  // namespace

const LayoutNames& HuggingFaceLlambaNames() {
  static const LayoutNames names = {"backbone.layers.{}.",
                                    {kNames, HuggingFaceBlockNames()}};
  return names;
}

}  // namespace llamba

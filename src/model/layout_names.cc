#include "model/layout_names.h"

#include <fmt/format.h>

#include "base/error.h"

namespace llamba {
namespace {

using Role = TensorRole;

constexpr RoleName kHuggingFaceBlock[] = {
    {Role::kInputNorm, "input_layernorm.weight"},
    {Role::kPostNorm, "post_attention_layernorm.weight"},
    {Role::kAttnQ, "self_attn.q_proj.weight"},
    {Role::kAttnK, "self_attn.k_proj.weight"},
    {Role::kAttnV, "self_attn.v_proj.weight"},
    {Role::kAttnO, "self_attn.o_proj.weight"},
    {Role::kAttnQBias, "self_attn.q_proj.bias"},
    {Role::kAttnKBias, "self_attn.k_proj.bias"},
    {Role::kAttnVBias, "self_attn.v_proj.bias"},
    {Role::kAttnOBias, "self_attn.o_proj.bias"},
    {Role::kMlpGate, "mlp.gate_proj.weight"},
    {Role::kMlpUp, "mlp.up_proj.weight"},
    {Role::kMlpDown, "mlp.down_proj.weight"},
    {Role::kMlpGateBias, "mlp.gate_proj.bias"},
    {Role::kMlpUpBias, "mlp.up_proj.bias"},
    {Role::kMlpDownBias, "mlp.down_proj.bias"},
};

constexpr RoleName kGgufCommon[] = {
    {Role::kEmbedding, "token_embd.weight"},
    {Role::kFinalNorm, "output_norm.weight"},
    {Role::kHead, "output.weight"},
    {Role::kHeadBias, "output.bias"},
    {Role::kInputNorm, "attn_norm.weight"},
    {Role::kPostNorm, "ffn_norm.weight"},
    {Role::kAttnQ, "attn_q.weight"},
    {Role::kAttnK, "attn_k.weight"},
    {Role::kAttnV, "attn_v.weight"},
    {Role::kAttnO, "attn_output.weight"},
    {Role::kAttnQBias, "attn_q.bias"},
    {Role::kAttnKBias, "attn_k.bias"},
    {Role::kAttnVBias, "attn_v.bias"},
    {Role::kAttnOBias, "attn_output.bias"},
    {Role::kMlpGate, "ffn_gate.weight"},
    {Role::kMlpUp, "ffn_up.weight"},
    {Role::kMlpDown, "ffn_down.weight"},
    {Role::kMlpGateBias, "ffn_gate.bias"},
    {Role::kMlpUpBias, "ffn_up.bias"},
    {Role::kMlpDownBias, "ffn_down.bias"},
};

}  // namespace

std::span<const RoleName> HuggingFaceBlockNames() { return kHuggingFaceBlock; }
std::span<const RoleName> GgufCommonNames() { return kGgufCommon; }

std::string LayoutNames::Name(const TensorId& id) const {
  for (std::span<const RoleName> table : tables) {
    for (const RoleName& entry : table) {
      if (entry.role != id.role) continue;
      if (id.layer < 0) return std::string(entry.name);
      return fmt::format(fmt::runtime(layer_prefix), id.layer) +
             std::string(entry.name);
    }
  }
  AssertionFailed(__FILE__, __LINE__, "a role that the layout has");
}

}  // namespace llamba

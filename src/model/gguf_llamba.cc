#include <algorithm>

#include "base/error.h"
#include "model/activation_names.h"
#include "model/gguf_model.h"
#include "model/layout_names.h"

namespace llamba {
namespace {

using Role = TensorRole;

constexpr const char* kArch = "llamba";
const std::string kHeads = "llamba.attention.head_count";
const std::string kKvHeads = "llamba.attention.head_count_kv";
const std::string kConvActivation = "llamba.ssm.activation";
const std::string kMlpActivation = "llamba.hidden_activation";

// llama.cpp's names of Mamba-2 where it has them (SPEC, "One file").
constexpr RoleName kNames[] = {
    {Role::kSsmIn, "ssm_in.weight"},
    {Role::kSsmInBias, "ssm_in.bias"},
    {Role::kSsmConv, "ssm_conv1d.weight"},
    {Role::kSsmConvBias, "ssm_conv1d.bias"},
    {Role::kSsmZBias, "ssm_z.bias"},
    {Role::kSsmD, "ssm_d"},
    {Role::kSsmOut, "ssm_out.weight"},
    {Role::kSsmOutBias, "ssm_out.bias"},
};

// Sets the mixers and returns the attention layers' head counts (0, 0 where
// there is none).
std::pair<int64_t, int64_t> ReadMixers(const GgufMetadata& keys,
                                       ModelConfig* config) {
  const std::vector<int64_t> heads = PerLayer(keys, kHeads, config->n_layer, 0);
  const std::vector<int64_t> kv_heads =
      PerLayer(keys, kKvHeads, config->n_layer, 0);
  std::pair<int64_t, int64_t> counts{0, 0};
  for (size_t i = 0; i < heads.size(); ++i) {
    config->mixers.push_back(heads[i] == 0 ? MixerKind::kMamba2
                                           : MixerKind::kAttention);
    if (heads[i] == 0) continue;
    const std::pair<int64_t, int64_t> here{heads[i], kv_heads[i]};
    if (counts.first != 0 && here != counts) {
      Fail(
          "{}: {}: expected {} ({} of keys) in every attention layer, "
          "found {} ({}) in layer {}",
          keys.path, kHeads, counts.first, counts.second, here.first,
          here.second, i);
    }
    counts = here;
  }
  return counts;
}

void ReadSsm(const GgufFile& file, ModelConfig* config) {
  const GgufMetadata& keys = file.metadata;
  SsmConfig& ssm = config->ssm;
  ssm.d_conv = keys.GetInt("llamba.ssm.conv_kernel");
  ssm.d_inner = keys.GetInt("llamba.ssm.inner_size");
  ssm.d_state = keys.GetInt("llamba.ssm.state_size");
  ssm.n_v_heads = keys.GetInt("llamba.ssm.time_step_rank");
  ssm.n_qk_heads = keys.GetInt("llamba.ssm.group_count");
  ssm.activation =
      ParseConvActivation(keys.GetStringOr(kConvActivation, "identity"),
                          keys.path + ": " + kConvActivation);
  const auto first = std::find(config->mixers.begin(), config->mixers.end(),
                               MixerKind::kMamba2);
  const auto layer = static_cast<int>(first - config->mixers.begin());
  const auto has = [&](Role role) {
    return file.tensors.Find(TensorName(Layout::kGgufLlamba, {role, layer})) !=
           nullptr;
  };
  ssm.bias = has(Role::kSsmInBias);
  ssm.conv_bias = has(Role::kSsmConvBias);
}

void WriteSsm(const SsmConfig& ssm, GgufMetadata* metadata) {
  const auto set = [&](const char* key, int64_t value) {
    metadata->Set(key, static_cast<uint64_t>(value));
  };
  set("llamba.ssm.conv_kernel", ssm.d_conv);
  set("llamba.ssm.inner_size", ssm.d_inner);
  set("llamba.ssm.state_size", ssm.d_state);
  set("llamba.ssm.time_step_rank", ssm.n_v_heads);
  set("llamba.ssm.group_count", ssm.n_qk_heads);
  metadata->Set(kConvActivation, std::string(ActivationName(ssm.activation)));
}

}  // namespace

const LayoutNames& GgufLlambaNames() {
  static const LayoutNames names = {"blk.{}.", {kNames, GgufCommonNames()}};
  return names;
}

ModelConfig ReadLlambaKeys(const GgufFile& file) {
  const GgufMetadata& keys = file.metadata;
  ModelConfig config;
  ReadSizes(file, kArch, &config);
  // The file does not say the multiple; the usual one is kept where it fits.
  config.pad_vocab_size_multiple = config.vocab_size % 8 == 0 ? 8 : 1;
  config.mlp.activation =
      ParseMlpActivation(keys.GetStringOr(kMlpActivation, "silu"),
                         keys.path + ": " + kMlpActivation);
  const auto [heads, kv_heads] = ReadMixers(keys, &config);
  if (config.HasMixer(MixerKind::kMamba2)) ReadSsm(file, &config);
  if (heads != 0) ReadAttention(file, kArch, heads, kv_heads, &config);
  return config;
}

void WriteLlambaKeys(const ModelConfig& config, GgufMetadata* metadata) {
  const AttentionConfig& attention = config.attention;
  WriteSizes(config, kArch, metadata);
  metadata->Set(kMlpActivation,
                std::string(ActivationName(config.mlp.activation)));
  std::vector<int64_t> heads, kv_heads;
  for (MixerKind mixer : config.mixers) {
    const bool attends = mixer == MixerKind::kAttention;
    heads.push_back(attends ? attention.n_heads : 0);
    kv_heads.push_back(attends ? attention.n_kv_heads : 0);
  }
  metadata->Set(kHeads, heads);
  metadata->Set(kKvHeads, kv_heads);
  if (config.HasMixer(MixerKind::kMamba2)) WriteSsm(config.ssm, metadata);
  if (!config.HasMixer(MixerKind::kAttention)) return;
  const auto head_dim = static_cast<uint64_t>(attention.head_dim);
  metadata->Set("llamba.attention.key_length", head_dim);
  metadata->Set("llamba.attention.value_length", head_dim);
  WriteRope(attention, kArch, metadata);
}

}  // namespace llamba

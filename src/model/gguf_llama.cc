#include <algorithm>

#include "base/error.h"
#include "model/gguf_model.h"
#include "model/layout_names.h"

namespace llamba {
namespace {

constexpr const char* kArch = "llama";
const std::string kHeads = "llama.attention.head_count";
const std::string kKvHeads = "llama.attention.head_count_kv";

int64_t SameInAllLayers(const GgufMetadata& keys, const std::string& key,
                        int64_t n_layer, int64_t fallback) {
  const std::vector<int64_t> values = PerLayer(keys, key, n_layer, fallback);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  if (*low != *high) {
    Fail("{}: {}: expected one value for all layers, found {} to {}", keys.path,
         key, *low, *high);
  }
  return *low;
}

}  // namespace

const LayoutNames& GgufLlamaNames() {
  static const LayoutNames names = {"blk.{}.", {GgufCommonNames()}};
  return names;
}

// The keys of llama.cpp's converter (gguf-py, LLM and Rope).
ModelConfig ReadLlamaKeys(const GgufFile& file) {
  const GgufMetadata& keys = file.metadata;
  ModelConfig config;
  ReadSizes(file, kArch, &config);
  config.block_norm_epsilon = config.norm_epsilon;
  if (const int64_t experts = keys.GetIntOr("llama.expert_count", 0);
      experts != 0) {
    Fail("{}: llama.expert_count: expected none, found {}", keys.path, experts);
  }
  config.mixers.assign(static_cast<size_t>(config.n_layer),
                       MixerKind::kAttention);
  const int64_t heads = SameInAllLayers(keys, kHeads, config.n_layer, 0);
  const int64_t kv_heads =
      SameInAllLayers(keys, kKvHeads, config.n_layer, heads);
  ReadAttention(file, kArch, heads, kv_heads, &config);
  return config;
}

void WriteLlamaKeys(const ModelConfig& config, GgufMetadata* metadata) {
  const AttentionConfig& attention = config.attention;
  WriteSizes(config, kArch, metadata);
  metadata->Set(kHeads, static_cast<uint64_t>(attention.n_heads));
  metadata->Set(kKvHeads, static_cast<uint64_t>(attention.n_kv_heads));
  const auto head_dim = static_cast<uint64_t>(attention.head_dim);
  metadata->Set("llama.attention.key_length", head_dim);
  metadata->Set("llama.attention.value_length", head_dim);
  WriteRope(attention, kArch, metadata);
}

}  // namespace llamba

#include <cmath>

#include "base/error.h"
#include "model/config.h"
#include "model/config_limits.h"

namespace llamba {
namespace {

class Checker {
 public:
  explicit Checker(const std::string& where) : where_(where) {}

  void Size(const char* field, int64_t value, int64_t limit) const {
    if (value < 1 || value > limit) {
      Fail("{}: {}: expected 1 to {}, found {}", where_, field, limit, value);
    }
  }
  void Multiple(const char* field, int64_t value, const char* of,
                int64_t divisor) const {
    if (value % divisor != 0) {
      Fail("{}: {}: expected a multiple of {} ({}), found {}", where_, field,
           of, divisor, value);
    }
  }
  void Positive(const char* field, double value) const {
    if (!std::isfinite(value) || value <= 0) {
      Fail("{}: {}: expected a positive number, found {}", where_, field,
           value);
    }
  }
  const std::string& where() const { return where_; }

 private:
  const std::string& where_;
};

void CheckSsm(const ModelConfig& config, const Checker& check) {
  const SsmConfig& ssm = config.ssm;
  check.Size("ssm_cfg.d_state", ssm.d_state, limits::kState);
  check.Size("ssm_cfg.n_v_heads", ssm.n_v_heads, limits::kHeads);
  check.Size("ssm_cfg.n_qk_heads", ssm.n_qk_heads, limits::kHeads);
  check.Size("ssm_cfg.d_conv", ssm.d_conv, limits::kConv);
  check.Size("ssm_cfg.chunk_size", ssm.chunk_size, limits::kContext);
  check.Size("expand * d_model", ssm.d_inner, limits::kWidth);
  check.Size("ssm_cfg: n_qk_heads * d_state", ssm.n_qk_heads * ssm.d_state,
             limits::kWidth);
  check.Multiple("ssm_cfg.n_v_heads", ssm.n_v_heads, "n_qk_heads",
                 ssm.n_qk_heads);
  check.Multiple("expand * d_model", ssm.d_inner, "n_v_heads", ssm.n_v_heads);
  check.Multiple("expand * d_model", ssm.d_inner, "d_model", config.d_model);
}

void CheckRope(const AttentionConfig& attention, const Checker& check) {
  check.Positive("rope_theta", attention.rope_theta);
  if (attention.rope_scaling) {
    const RopeScaling& scaling = *attention.rope_scaling;
    check.Positive("rope_scaling.factor", scaling.factor);
    check.Positive("rope_scaling.low_freq_factor", scaling.low_freq_factor);
    check.Size("rope_scaling.original_max_position_embeddings",
               scaling.original_max_position_embeddings, limits::kContext);
    if (!(scaling.high_freq_factor > scaling.low_freq_factor) ||
        !std::isfinite(scaling.high_freq_factor)) {
      Fail(
          "{}: rope_scaling.high_freq_factor: expected more than "
          "low_freq_factor ({}), found {}",
          check.where(), scaling.low_freq_factor, scaling.high_freq_factor);
    }
  }
  if (attention.rope_freq_factors.empty()) return;
  const auto found = static_cast<int64_t>(attention.rope_freq_factors.size());
  if (found != attention.head_dim / 2) {
    Fail("{}: rope_freqs: expected {} values (half of head_dim {}), found {}",
         check.where(), attention.head_dim / 2, attention.head_dim, found);
  }
  for (float divisor : attention.rope_freq_factors) {
    check.Positive("rope_freqs", divisor);
  }
}

void CheckAttention(const ModelConfig& config, const Checker& check) {
  const AttentionConfig& attention = config.attention;
  const bool llama = config.IsLlama();
  const char* heads = llama ? "num_attention_heads" : "attn_cfg.num_heads";
  const char* kv = llama ? "num_key_value_heads" : "attn_cfg.num_heads_kv";
  check.Size(heads, attention.n_heads, limits::kHeads);
  check.Size(kv, attention.n_kv_heads, limits::kHeads);
  check.Size("head_dim", attention.head_dim, limits::kHeads);
  check.Size("head_dim * number of heads",
             attention.head_dim * attention.n_heads, limits::kWidth);
  check.Size("max_position_embeddings", attention.max_position_embeddings,
             limits::kContext);
  check.Multiple(heads, attention.n_heads, kv, attention.n_kv_heads);
  check.Multiple("head_dim", attention.head_dim, "a rotary pair", 2);
  CheckRope(attention, check);
}

}  // namespace

void ValidateConfig(const ModelConfig& config, const std::string& where) {
  const Checker check(where);
  const bool llama = config.IsLlama();
  check.Size("vocab_size", config.vocab_size, limits::kVocab);
  check.Size(llama ? "hidden_size" : "d_model", config.d_model, limits::kWidth);
  check.Size(llama ? "num_hidden_layers" : "n_layer", config.n_layer,
             limits::kLayers);
  check.Size("intermediate_size", config.mlp.intermediate_size, limits::kWidth);
  check.Size("pad_vocab_size_multiple", config.pad_vocab_size_multiple,
             limits::kVocab);
  check.Multiple("vocab_size", config.vocab_size, "pad_vocab_size_multiple",
                 config.pad_vocab_size_multiple);
  check.Positive(llama ? "rms_norm_eps" : "norm_epsilon", config.norm_epsilon);
  check.Positive("block norm epsilon", config.block_norm_epsilon);
  if (config.context_length < 0 || config.context_length > limits::kContext) {
    Fail("{}: context length: expected 0 to {}, found {}", where,
         limits::kContext, config.context_length);
  }
  if (static_cast<int64_t>(config.mixers.size()) != config.n_layer) {
    Fail("{}: expected a mixer for each of {} layers, found {}", where,
         config.n_layer, config.mixers.size());
  }
  if (config.HasMixer(MixerKind::kMamba2)) CheckSsm(config, check);
  if (config.HasMixer(MixerKind::kAttention)) CheckAttention(config, check);
}

}  // namespace llamba

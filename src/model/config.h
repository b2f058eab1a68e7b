#ifndef LLAMBA_MODEL_CONFIG_H_
#define LLAMBA_MODEL_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/activation.h"

namespace llamba {

enum class MixerKind { kMamba2, kAttention };

// Discrete Mamba-2 (SPEC 2). Letters of the equations behind the names.
struct SsmConfig {
  int64_t d_inner = 0;      // expand * d_model = n_v_heads * head_dim
  int64_t d_state = 64;     // N
  int64_t n_v_heads = 32;   // H
  int64_t n_qk_heads = 32;  // G; value head h uses group h / (H / G)
  int64_t d_conv = 4;
  Activation activation = Activation::kIdentity;  // after the convolution
  bool bias = false;  // in_proj and out_proj biases; z_bias is absent then
  bool conv_bias = true;
  int64_t chunk_size = 128;  // a training note; results do not depend on it

  int64_t head_dim() const { return d_inner / n_v_heads; }  // P
  int64_t conv_channels() const { return d_inner + 2 * n_qk_heads * d_state; }
  int64_t in_proj_rows() const {
    return conv_channels() + d_inner + n_v_heads;  // xBC, z, A_log
  }
};

// Rotary frequencies stretched as Llama 3.1 does ("rope_type": "llama3").
struct RopeScaling {
  double factor = 8;
  double low_freq_factor = 1;
  double high_freq_factor = 4;
  int64_t original_max_position_embeddings = 8192;

  bool operator==(const RopeScaling&) const = default;
};

struct AttentionConfig {
  int64_t n_heads = 0;
  int64_t n_kv_heads = 0;
  int64_t head_dim = 0;
  bool bias = false;  // q, k, v and o biases
  double rope_theta = 10000;
  std::optional<RopeScaling> rope_scaling;
  // Divisors of the frequencies (head_dim / 2), where a GGUF gives these
  // instead of rope_scaling; else empty.
  std::vector<float> rope_freq_factors;
  int64_t max_position_embeddings = 2048;

  // The head_dim / 2 angles a position advances by, scaling applied.
  std::vector<double> RopeFrequencies() const;
  // What these were divided by, as a GGUF keeps it; empty without scaling.
  std::vector<float> RopeDivisors() const;
};

struct MlpConfig {
  int64_t intermediate_size = 14336;
  bool bias = false;
  Activation activation = Activation::kSilu;
};

// A pure Llamba (all layers Mamba-2), a Llama (all attention) or a hybrid.
struct ModelConfig {
  int64_t vocab_size = 0;  // rows of the embedding, padding included
  int64_t d_model = 0;
  int64_t n_layer = 32;
  double norm_epsilon = 1e-5;        // of the final norm
  double block_norm_epsilon = 1e-5;  // of the two norms of a block
  bool tie_embeddings = false;
  bool lm_head_bias = false;
  int64_t pad_vocab_size_multiple = 8;
  MlpConfig mlp;
  SsmConfig ssm;                  // where a layer is Mamba-2
  AttentionConfig attention;      // where a layer is attention
  std::vector<MixerKind> mixers;  // n_layer
  // The teacher's context; a bound for attention layers only.
  int64_t context_length = 0;

  bool HasMixer(MixerKind kind) const;
  bool IsLlama() const { return !HasMixer(MixerKind::kMamba2); }
  // True where a Hugging Face Llama's config can say all of this (one epsilon,
  // no bias of the head); else an all-attention model is written as a Llamba.
  bool FitsLlama() const;
  int64_t NumParameters() const;
  // Bytes a sequence of `context` tokens needs: fixed for Mamba-2 layers
  // (float32), growing for attention layers with `kv_bytes` a value.
  int64_t StateBytes(int64_t context, int64_t kv_bytes) const;
};

// Throws Error, `where` first, naming field, expected and found, unless every
// size is positive, within reach, and consistent with the others.
void ValidateConfig(const ModelConfig& config, const std::string& where);

// config.json of a Llamba directory (SPEC 3, hybrids included) or of a Llama
// one (both forms of rotary settings), told apart by their keys. `path` names
// the file in errors. The result is validated.
ModelConfig ParseConfigJson(const std::string& json, const std::string& path);

// The reverse, in the form of the published files.
std::string ConfigToJson(const ModelConfig& config);

}  // namespace llamba

#endif  // LLAMBA_MODEL_CONFIG_H_

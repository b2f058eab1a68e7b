#include <algorithm>

#include "model/checkpoint.h"

namespace llamba {
namespace {

// FNV-1a, 64 bits.
class Hash {
 public:
  void Bytes(const std::byte* bytes, size_t n) {
    for (size_t i = 0; i < n; ++i) {
      value_ = (value_ ^ static_cast<uint64_t>(bytes[i])) * 0x100000001b3;
    }
  }
  template <typename T>
  void Value(T value) {
    Bytes(reinterpret_cast<const std::byte*>(&value), sizeof value);
  }
  template <typename... Ts>
  void Values(Ts... values) {
    (Value(values), ...);
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

// What changes results; notes such as the chunk size are left out.
void HashConfig(const ModelConfig& config, Hash* hash) {
  hash->Values(config.vocab_size, config.d_model, config.n_layer,
               config.norm_epsilon, config.block_norm_epsilon,
               config.tie_embeddings, config.lm_head_bias,
               config.mlp.intermediate_size, config.mlp.bias,
               static_cast<int64_t>(config.mlp.activation));
  for (MixerKind mixer : config.mixers) {
    hash->Value(static_cast<int64_t>(mixer));
  }
  if (config.HasMixer(MixerKind::kMamba2)) {
    const SsmConfig& ssm = config.ssm;
    hash->Values(ssm.d_inner, ssm.d_state, ssm.n_v_heads, ssm.n_qk_heads,
                 ssm.d_conv, static_cast<int64_t>(ssm.activation), ssm.bias,
                 ssm.conv_bias);
  }
  if (config.HasMixer(MixerKind::kAttention)) {
    const AttentionConfig& attention = config.attention;
    hash->Values(attention.n_heads, attention.n_kv_heads, attention.head_dim,
                 attention.bias, attention.rope_theta);
    for (float divisor : attention.RopeDivisors()) hash->Value(divisor);
  }
}

// Some pieces spread over a tensor: training moves every value, so few tell two
// models apart, and a file of gigabytes is not read for it.
void HashTensor(const TensorView& view, Hash* hash) {
  constexpr size_t kPiece = 64, kPieces = 4;
  hash->Values(static_cast<int64_t>(view.dtype),
               static_cast<uint64_t>(view.bytes));
  if (view.bytes <= kPiece * kPieces) {
    hash->Bytes(view.data, view.bytes);
    return;
  }
  for (size_t i = 0; i < kPieces; ++i) {
    const size_t at = (view.bytes - kPiece) / (kPieces - 1) * i;
    hash->Bytes(view.data + at, kPiece);
  }
}

}  // namespace

uint64_t Checkpoint::Fingerprint() const {
  Hash hash;
  HashConfig(config, &hash);
  for (const auto& [id, tensor] : tensors) {
    hash.Values(static_cast<int64_t>(id.role), static_cast<int64_t>(id.layer));
    HashTensor(tensor.data(), &hash);
    // A sample maps pages around it, 2 MB with some systems: of a model that
    // has been loaded into memory none shall stay.
    file->Release(tensor.data());
  }
  return hash.value();
}

}  // namespace llamba

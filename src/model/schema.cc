#include "model/schema.h"

#include "base/error.h"
#include "model/layout_names.h"

namespace llamba {
namespace {

using Role = TensorRole;

class SchemaBuilder {
 public:
  explicit SchemaBuilder(const ModelConfig& config) : config_(config) {}

  std::vector<TensorSpec> Build() {
    const int64_t d = config_.d_model, vocab = config_.vocab_size;
    Matrix(Role::kEmbedding, vocab, d);
    for (layer_ = 0; layer_ < config_.n_layer; ++layer_) {
      Vector(Role::kInputNorm, d);
      if (config_.mixers[static_cast<size_t>(layer_)] == MixerKind::kMamba2) {
        AddSsm();
      } else {
        AddAttention();
      }
      Vector(Role::kPostNorm, d);
      AddMlp();
    }
    layer_ = -1;
    Vector(Role::kFinalNorm, d);
    if (!config_.tie_embeddings) Matrix(Role::kHead, vocab, d);
    if (config_.lm_head_bias) Vector(Role::kHeadBias, vocab);
    return std::move(specs_);
  }

 private:
  void Matrix(Role role, int64_t rows, int64_t cols) {
    specs_.push_back({{role, layer_}, {rows, cols}, true});
  }
  void Vector(Role role, int64_t n) {
    specs_.push_back({{role, layer_}, {n}, false});
  }

  void AddSsm() {
    const SsmConfig& ssm = config_.ssm;
    const int64_t d = config_.d_model, channels = ssm.conv_channels();
    Matrix(Role::kSsmIn, ssm.in_proj_rows(), d);
    if (ssm.bias) Vector(Role::kSsmInBias, ssm.in_proj_rows());
    specs_.push_back({{Role::kSsmConv, layer_}, {channels, ssm.d_conv}, false});
    if (ssm.conv_bias) Vector(Role::kSsmConvBias, channels);
    if (!ssm.bias) Vector(Role::kSsmZBias, ssm.d_inner);
    Vector(Role::kSsmD, ssm.n_v_heads);
    Matrix(Role::kSsmOut, d, ssm.d_inner);
    if (ssm.bias) Vector(Role::kSsmOutBias, d);
  }

  void AddAttention() {
    const AttentionConfig& attention = config_.attention;
    const int64_t d = config_.d_model;
    const int64_t q = attention.n_heads * attention.head_dim;
    const int64_t kv = attention.n_kv_heads * attention.head_dim;
    Matrix(Role::kAttnQ, q, d);
    Matrix(Role::kAttnK, kv, d);
    Matrix(Role::kAttnV, kv, d);
    Matrix(Role::kAttnO, d, q);
    if (!attention.bias) return;
    Vector(Role::kAttnQBias, q);
    Vector(Role::kAttnKBias, kv);
    Vector(Role::kAttnVBias, kv);
    Vector(Role::kAttnOBias, d);
  }

  void AddMlp() {
    const int64_t d = config_.d_model, width = config_.mlp.intermediate_size;
    Matrix(Role::kMlpGate, width, d);
    Matrix(Role::kMlpUp, width, d);
    Matrix(Role::kMlpDown, d, width);
    if (!config_.mlp.bias) return;
    Vector(Role::kMlpGateBias, width);
    Vector(Role::kMlpUpBias, width);
    Vector(Role::kMlpDownBias, d);
  }

  const ModelConfig& config_;
  int layer_ = -1;
  std::vector<TensorSpec> specs_;
};

const LayoutNames& NamesOf(Layout layout) {
  switch (layout) {
    case Layout::kHuggingFaceLlamba:
      return HuggingFaceLlambaNames();
    case Layout::kHuggingFaceLlama:
      return HuggingFaceLlamaNames();
    case Layout::kGgufLlamba:
      return GgufLlambaNames();
    case Layout::kGgufLlama:
      return GgufLlamaNames();
  }
  AssertionFailed(__FILE__, __LINE__, "a known layout");
}

}  // namespace

std::vector<TensorSpec> Schema(const ModelConfig& config) {
  return SchemaBuilder(config).Build();
}

std::string TensorName(Layout layout, const TensorId& id) {
  return NamesOf(layout).Name(id);
}

}  // namespace llamba

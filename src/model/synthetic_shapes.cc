#include "base/error.h"
#include "model/synthetic.h"

namespace llamba {
namespace {

// Sizes by which shapes differ; everything else is the family's default.
struct NamedShape {
  const char* name;
  int64_t layers, width, mlp, vocab;
  bool tied;
  // Mamba-2 layers: heads and state. 0 heads: none.
  int64_t ssm_heads, state;
  // Attention layers: heads, key/value heads and their size. 0 heads: none.
  int64_t heads, kv_heads, head_dim;
  double theta;
  double rope_factor;  // 0: no scaling
  int64_t context;
};

// The first block: SPEC 1 and the teachers' published configs.
constexpr NamedShape kShapes[] = {
    {"llamba-1b", 16, 2048, 8192, 128256, true, 32, 64, 0, 0, 0, 0, 0, 131072},
    {"llamba-3b", 28, 3072, 8192, 128256, true, 24, 64, 0, 0, 0, 0, 0, 131072},
    {"llamba-8b", 32, 4096, 14336, 128256, false, 32, 64, 0, 0, 0, 0, 0,
     131072},
    {"llamba-135m", 30, 576, 1536, 49152, true, 9, 64, 0, 0, 0, 0, 0, 8192},
    {"llama-3.2-1b", 16, 2048, 8192, 128256, true, 0, 0, 32, 8, 64, 5e5, 32,
     131072},
    {"llama-3.2-3b", 28, 3072, 8192, 128256, true, 0, 0, 24, 8, 128, 5e5, 32,
     131072},
    {"llama-3.1-8b", 32, 4096, 14336, 128256, false, 0, 0, 32, 8, 128, 5e5, 8,
     131072},
    {"smollm2-135m", 30, 576, 1536, 49152, true, 0, 0, 9, 3, 64, 1e5, 0, 8192},
    // Small enough for a test, with every kind of layer.
    {"tiny", 3, 64, 160, 256, true, 4, 16, 0, 0, 0, 0, 0, 512},
    {"tiny-llama", 2, 64, 160, 256, true, 0, 0, 4, 2, 16, 1e4, 8, 16384},
    {"tiny-hybrid", 4, 64, 160, 256, false, 4, 16, 4, 2, 16, 1e4, 0, 512},
};

ModelConfig Build(const NamedShape& shape) {
  ModelConfig config;
  const bool llama = shape.ssm_heads == 0;
  config.n_layer = shape.layers;
  config.d_model = shape.width;
  config.mlp.intermediate_size = shape.mlp;
  config.vocab_size = shape.vocab;
  config.pad_vocab_size_multiple = llama ? 1 : 8;
  config.tie_embeddings = shape.tied;
  config.context_length = shape.context;
  config.mixers.assign(static_cast<size_t>(shape.layers),
                       llama ? MixerKind::kAttention : MixerKind::kMamba2);
  if (!llama) {
    config.ssm.d_inner = shape.width;
    config.ssm.n_v_heads = shape.ssm_heads;
    config.ssm.n_qk_heads = shape.ssm_heads;
    config.ssm.d_state = shape.state;
    // A hybrid attends in its second layer and in each second one after it.
    for (size_t i = 1; shape.heads > 0 && i < config.mixers.size(); i += 2) {
      config.mixers[i] = MixerKind::kAttention;
    }
  }
  if (shape.heads == 0) return config;
  config.attention.n_heads = shape.heads;
  config.attention.n_kv_heads = shape.kv_heads;
  config.attention.head_dim = shape.head_dim;
  config.attention.rope_theta = shape.theta;
  config.attention.max_position_embeddings = shape.context;
  if (shape.rope_factor > 0) {
    config.attention.rope_scaling = RopeScaling{};
    config.attention.rope_scaling->factor = shape.rope_factor;
  }
  return config;
}

}  // namespace

std::vector<std::string> SyntheticShapes() {
  std::vector<std::string> names;
  for (const NamedShape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

ModelConfig SyntheticShape(const std::string& name) {
  std::string known;
  for (const NamedShape& shape : kShapes) {
    if (name == shape.name) {
      ModelConfig config = Build(shape);
      ValidateConfig(config, name);
      return config;
    }
    known += (known.empty() ? "" : ", ") + std::string(shape.name);
  }
  Fail("shape: expected one of {}, found \"{}\"", known, name);
}

}  // namespace llamba

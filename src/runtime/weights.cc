#include "runtime/weights.h"

#include "runtime/matrix_loader.h"

namespace llamba {
namespace {

class Loader {
 public:
  Loader(const Checkpoint& checkpoint, std::optional<DType> dtype,
         ThreadPool& pool)
      : checkpoint_(checkpoint), matrices_(checkpoint, dtype, pool) {}

  Matrix GetMatrix(TensorRole role, int layer = -1) const {
    return matrices_.Load(checkpoint_.Get(role, layer));
  }
  Matrix GetEmbedding() const;
  // Empty where the checkpoint has no such tensor: the schema decided that.
  Vector GetVector(TensorRole role, int layer = -1) const;
  // (channels, d_conv) as stored to (d_conv, channels).
  Vector GetConv(int layer) const;

  Mamba2Weights GetMamba2(int layer) const;
  AttentionWeights GetAttention(int layer) const;
  MlpWeights GetMlp(int layer) const;

 private:
  const Checkpoint& checkpoint_;
  const MatrixLoader matrices_;
};

Matrix Loader::GetEmbedding() const {
  const StoredTensor& tensor = checkpoint_.Get(TensorRole::kEmbedding);
  return checkpoint_.config.tie_embeddings ? matrices_.Load(tensor)
                                           : matrices_.LoadRows(tensor);
}

Vector Loader::GetVector(TensorRole role, int layer) const {
  const StoredTensor* tensor = checkpoint_.Find(role, layer);
  if (tensor == nullptr) return {};
  Vector vector(static_cast<size_t>(tensor->rows() * tensor->cols()));
  tensor->DecodeRows(0, tensor->rows(), vector.data());
  return vector;
}

Vector Loader::GetConv(int layer) const {
  const Vector stored = GetVector(TensorRole::kSsmConv, layer);
  const auto taps = static_cast<size_t>(checkpoint_.config.ssm.d_conv);
  const size_t channels = stored.size() / taps;
  Vector conv(stored.size());
  for (size_t c = 0; c < channels; ++c) {
    for (size_t j = 0; j < taps; ++j) {
      conv[j * channels + c] = stored[c * taps + j];
    }
  }
  return conv;
}

Mamba2Weights Loader::GetMamba2(int layer) const {
  Mamba2Weights w;
  w.in_proj = GetMatrix(TensorRole::kSsmIn, layer);
  w.in_proj_bias = GetVector(TensorRole::kSsmInBias, layer);
  w.conv = GetConv(layer);
  w.conv_bias = GetVector(TensorRole::kSsmConvBias, layer);
  w.z_bias = GetVector(TensorRole::kSsmZBias, layer);
  w.d = GetVector(TensorRole::kSsmD, layer);
  w.out_proj = GetMatrix(TensorRole::kSsmOut, layer);
  w.out_proj_bias = GetVector(TensorRole::kSsmOutBias, layer);
  return w;
}

AttentionWeights Loader::GetAttention(int layer) const {
  AttentionWeights w;
  w.q = GetMatrix(TensorRole::kAttnQ, layer);
  w.k = GetMatrix(TensorRole::kAttnK, layer);
  w.v = GetMatrix(TensorRole::kAttnV, layer);
  w.o = GetMatrix(TensorRole::kAttnO, layer);
  w.q_bias = GetVector(TensorRole::kAttnQBias, layer);
  w.k_bias = GetVector(TensorRole::kAttnKBias, layer);
  w.v_bias = GetVector(TensorRole::kAttnVBias, layer);
  w.o_bias = GetVector(TensorRole::kAttnOBias, layer);
  return w;
}

MlpWeights Loader::GetMlp(int layer) const {
  MlpWeights w;
  w.gate = GetMatrix(TensorRole::kMlpGate, layer);
  w.up = GetMatrix(TensorRole::kMlpUp, layer);
  w.down = GetMatrix(TensorRole::kMlpDown, layer);
  w.gate_bias = GetVector(TensorRole::kMlpGateBias, layer);
  w.up_bias = GetVector(TensorRole::kMlpUpBias, layer);
  w.down_bias = GetVector(TensorRole::kMlpDownBias, layer);
  return w;
}

LayerWeights LoadLayer(const Loader& loader, const ModelConfig& config,
                       int layer) {
  LayerWeights w;
  w.input_norm = loader.GetVector(TensorRole::kInputNorm, layer);
  w.post_norm = loader.GetVector(TensorRole::kPostNorm, layer);
  if (config.mixers[static_cast<size_t>(layer)] == MixerKind::kMamba2) {
    w.mamba2 = std::make_unique<Mamba2Weights>(loader.GetMamba2(layer));
  } else {
    w.attention =
        std::make_unique<AttentionWeights>(loader.GetAttention(layer));
  }
  w.mlp = loader.GetMlp(layer);
  return w;
}

void ForEachMatrixOf(const LayerWeights& layer, int i,
                     FunctionRef<void(TensorId, const MatrixView&)> fn) {
  if (layer.mamba2) {
    fn({TensorRole::kSsmIn, i}, layer.mamba2->in_proj.view);
    fn({TensorRole::kSsmOut, i}, layer.mamba2->out_proj.view);
  } else {
    fn({TensorRole::kAttnQ, i}, layer.attention->q.view);
    fn({TensorRole::kAttnK, i}, layer.attention->k.view);
    fn({TensorRole::kAttnV, i}, layer.attention->v.view);
    fn({TensorRole::kAttnO, i}, layer.attention->o.view);
  }
  fn({TensorRole::kMlpGate, i}, layer.mlp.gate.view);
  fn({TensorRole::kMlpUp, i}, layer.mlp.up.view);
  fn({TensorRole::kMlpDown, i}, layer.mlp.down.view);
}

}  // namespace

void ForEachMatrix(const Weights& weights,
                   FunctionRef<void(TensorId, const MatrixView&)> fn) {
  const bool tied = weights.head.view.data == weights.embedding.view.data;
  fn({tied ? TensorRole::kEmbedding : TensorRole::kHead}, weights.head.view);
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    ForEachMatrixOf(weights.layers[i], static_cast<int>(i), fn);
  }
}

Weights LoadWeights(const Checkpoint& checkpoint, std::optional<DType> dtype,
                    ThreadPool& pool) {
  const Loader loader(checkpoint, dtype, pool);
  Weights weights;
  weights.owners = {checkpoint.file};
  weights.embedding = loader.GetEmbedding();
  weights.final_norm = loader.GetVector(TensorRole::kFinalNorm);
  if (checkpoint.config.tie_embeddings) {
    weights.head.view = weights.embedding.view;
  } else {
    weights.head = loader.GetMatrix(TensorRole::kHead);
  }
  weights.head_bias = loader.GetVector(TensorRole::kHeadBias);
  for (int i = 0; i < checkpoint.config.n_layer; ++i) {
    weights.layers.push_back(LoadLayer(loader, checkpoint.config, i));
  }
  return weights;
}

}  // namespace llamba

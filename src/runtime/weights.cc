#include "runtime/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "formats/formats.h"

namespace llamba {
namespace {

// Rows that one task decodes: enough to be worth a task, few enough that the
// last one keeps no thread waiting.
constexpr int64_t kTaskFloats = 1 << 18;

class Loader {
 public:
  Loader(const Checkpoint& checkpoint, std::optional<DType> dtype,
         ThreadPool& pool)
      : checkpoint_(checkpoint), dtype_(dtype), pool_(pool) {}

  Matrix GetMatrix(TensorRole role, int layer = -1) const;
  // Empty where the checkpoint has no such tensor: the schema decided that.
  Vector GetVector(TensorRole role, int layer = -1) const;
  // (channels, d_conv) as stored to (d_conv, channels).
  Vector GetConv(int layer) const;

  Mamba2Weights GetMamba2(int layer) const;
  AttentionWeights GetAttention(int layer) const;
  MlpWeights GetMlp(int layer) const;

 private:
  DType TargetType(const StoredTensor& tensor) const;
  void Decode(const StoredTensor& tensor, DType target, int64_t begin,
              int64_t end, std::byte* out) const;

  const Checkpoint& checkpoint_;
  const std::optional<DType> dtype_;
  ThreadPool& pool_;
};

DType Loader::TargetType(const StoredTensor& tensor) const {
  if (dtype_) return *dtype_;
  return IsFloat(tensor.dtype()) ? tensor.dtype() : DType::kF32;
}

void CheckFits(const StoredTensor& tensor, const std::string& path,
               std::span<const float> values) {
  constexpr float kLargestHalf = 65504;
  for (float value : values) {
    if (std::isfinite(value) && std::fabs(value) > kLargestHalf) {
      Fail("{}: {}: {} does not fit F16 (largest {}): use F32 or BF16", path,
           tensor.name(), value, kLargestHalf);
    }
  }
}

void Loader::Decode(const StoredTensor& tensor, DType target, int64_t begin,
                    int64_t end, std::byte* out) const {
  const auto row_bytes = static_cast<size_t>(*RowBytes(target, tensor.cols()));
  if (target == DType::kF32) {
    tensor.DecodeRows(begin, end, reinterpret_cast<float*>(out));
    return;
  }
  std::vector<float> row(static_cast<size_t>(tensor.cols()));
  for (int64_t i = begin; i < end; ++i, out += row_bytes) {
    tensor.DecodeRows(i, i + 1, row.data());
    if (target == DType::kF16) CheckFits(tensor, checkpoint_.path, row);
    EncodeRow(target, row, out);
  }
}

Matrix Loader::GetMatrix(TensorRole role, int layer) const {
  const StoredTensor& tensor = checkpoint_.Get(role, layer);
  Matrix matrix;
  MatrixView& view = matrix.view;
  view.dtype = TargetType(tensor);
  view.rows = tensor.rows();
  view.cols = tensor.cols();
  view.row_bytes = static_cast<int64_t>(*RowBytes(view.dtype, view.cols));
  if (view.dtype == tensor.dtype() && tensor.PlainRows() != nullptr) {
    view.data = tensor.PlainRows();
    return matrix;
  }
  matrix.owned = AlignedBuffer<std::byte>(static_cast<size_t>(view.rows) *
                                          static_cast<size_t>(view.row_bytes));
  view.data = matrix.owned.data();
  const int64_t task_rows = std::max<int64_t>(1, kTaskFloats / view.cols);
  pool_.Run((view.rows + task_rows - 1) / task_rows, [&](int64_t task) {
    const int64_t begin = task * task_rows;
    const int64_t end = std::min(view.rows, begin + task_rows);
    Decode(tensor, view.dtype, begin, end,
           matrix.owned.data() + begin * view.row_bytes);
  });
  return matrix;
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

}  // namespace

Weights LoadWeights(const Checkpoint& checkpoint, std::optional<DType> dtype,
                    ThreadPool& pool) {
  if (dtype && !IsFloat(*dtype)) {
    Fail("dtype: expected F32, F16 or BF16, found {}", DTypeName(*dtype));
  }
  const Loader loader(checkpoint, dtype, pool);
  Weights weights;
  weights.owners = {checkpoint.file};
  weights.embedding = loader.GetMatrix(TensorRole::kEmbedding);
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

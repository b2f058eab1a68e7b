#include <algorithm>
#include <map>

#include "base/error.h"
#include "formats/formats.h"
#include "model/config_json.h"
#include "model/gguf_model.h"
#include "model/row_encoder.h"

namespace llamba {
namespace {

using Role = TensorRole;

// Numbers of llama.h's enum llama_ftype ("mostly").
constexpr std::pair<DType, uint64_t> kFileTypes[] = {
    {DType::kF32, 0},   {DType::kF16, 1},     {DType::kQ4_0, 2},
    {DType::kQ4_1, 3},  {DType::kQ8_0, 7},    {DType::kQ5_0, 8},
    {DType::kQ5_1, 9},  {DType::kQ4_K, 15},   {DType::kQ5_K, 17},
    {DType::kQ6_K, 18}, {DType::kIQ4_NL, 25}, {DType::kBF16, 32},
};

// The architecture that can say all of the config.
bool IsLlamaArch(const ModelConfig& config, const std::string& path) {
  if (config.FitsLlama() && config.mlp.activation == Activation::kSilu) {
    return true;
  }
  RequireLlambaEpsilon(config, path);
  return false;
}

int64_t InterleavedHeads(const TensorSpec& spec, const ModelConfig& config) {
  switch (spec.id.role) {
    case Role::kAttnQ:
    case Role::kAttnQBias:
      return config.attention.n_heads;
    case Role::kAttnK:
    case Role::kAttnKBias:
      return config.attention.n_kv_heads;
    default:
      return 0;
  }
}

std::vector<OutputTensor> Tensors(const ModelConfig& config, Layout layout,
                                  const MatrixCoder& coder) {
  std::vector<OutputTensor> tensors;
  for (const TensorSpec& spec : Schema(config)) {
    const DType type = spec.is_matrix ? coder.Type(spec) : DType::kF32;
    tensors.push_back({spec,
                       {TensorName(layout, spec.id), type, spec.shape},
                       InterleavedHeads(spec, config)});
  }
  return tensors;
}

// One type for all matrices, or as stored; rows are rounded plainly.
class PlainCoder : public MatrixCoder {
 public:
  PlainCoder(const TensorSource& source, std::optional<DType> dtype)
      : source_(source), dtype_(dtype) {}

  DType Type(const TensorSpec& spec) const override {
    return dtype_.value_or(source_.StoredType(spec));
  }
  void Encode(const TensorSpec&, DType dtype, int64_t,
              std::span<const float> values, std::byte* out) override {
    EncodeRow(dtype, values, out);
  }

 private:
  const TensorSource& source_;
  std::optional<DType> dtype_;
};

void SetFileType(const std::vector<OutputTensor>& tensors,
                 GgufMetadata* metadata) {
  std::map<DType, int64_t> elements;
  for (const OutputTensor& tensor : tensors) {
    if (tensor.spec.is_matrix) {
      elements[tensor.info.dtype] += NumElements(tensor.spec.shape);
    }
  }
  const auto most = std::max_element(
      elements.begin(), elements.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const auto& [dtype, number] : kFileTypes) {
    if (dtype == most->first) metadata->Set("general.file_type", number);
  }
  for (const auto& [dtype, n] : elements) {
    if (!IsFloat(dtype)) {
      metadata->Set("general.quantization_version", uint64_t{2});
    }
  }
}

GgufMetadata Metadata(const ModelConfig& config, const std::string& path,
                      const std::vector<OutputTensor>& tensors, bool llama,
                      const GgufMetadata& extra) {
  GgufMetadata metadata;
  metadata.path = path;
  metadata.Set("general.architecture", std::string(llama ? "llama" : "llamba"));
  metadata.Set("general.type", std::string("model"));
  if (const GgufValue* name = extra.Find("general.name")) {
    metadata.Set("general.name", *name);
  }
  SetFileType(tensors, &metadata);
  if (llama) {
    WriteLlamaKeys(config, &metadata);
  } else {
    WriteLlambaKeys(config, &metadata);
  }
  for (const auto& [key, value] : extra.entries()) {
    if (!metadata.Has(key)) metadata.Set(key, value);
  }
  return metadata;
}

}  // namespace

void WriteGguf(const ModelConfig& config, const TensorSource& source,
               const std::string& path, MatrixCoder& coder,
               const GgufMetadata& extra, const WriteProgress& progress) {
  const bool llama = IsLlamaArch(config, path);
  const std::vector<OutputTensor> tensors =
      Tensors(config, llama ? Layout::kGgufLlama : Layout::kGgufLlamba, coder);
  const GgufMetadata metadata = Metadata(config, path, tensors, llama, extra);

  const std::vector<float> divisors = config.HasMixer(MixerKind::kAttention)
                                          ? config.attention.RopeDivisors()
                                          : std::vector<float>{};
  std::vector<TensorInfo> infos;
  if (!divisors.empty()) {
    infos.push_back(
        {kRopeFreqs, DType::kF32, {static_cast<int64_t>(divisors.size())}});
  }
  for (const OutputTensor& tensor : tensors) infos.push_back(tensor.info);

  GgufWriter writer(path, metadata, infos);
  if (!divisors.empty()) writer.Append(std::as_bytes(std::span(divisors)));
  RowEncoder encoder(source, path, tensors, progress, &coder);
  for (const OutputTensor& tensor : tensors) {
    encoder.Encode(tensor, [&](std::span<const std::byte> bytes) {
      writer.AppendPart(bytes);
    });
  }
  writer.Commit();
}

void WriteGguf(const ModelConfig& config, const TensorSource& source,
               const std::string& path, std::optional<DType> dtype,
               const GgufMetadata& extra, const WriteProgress& progress) {
  PlainCoder coder(source, dtype);
  WriteGguf(config, source, path, coder, extra, progress);
}

}  // namespace llamba

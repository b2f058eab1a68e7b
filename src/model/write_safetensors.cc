#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/safetensors.h"
#include "model/config_json.h"
#include "model/row_encoder.h"

namespace llamba {
namespace {

namespace fs = std::filesystem;

// A directory that is made now and, unless the work is done, taken away again.
class NewDirectory {
 public:
  explicit NewDirectory(const std::string& path) : path_(path) {
    std::error_code error;
    created_ = fs::create_directories(path_, error);
    if (!fs::is_directory(path_)) {
      Fail("{}: cannot create the directory: {}", path,
           error ? error.message() : "a file stands there");
    }
  }
  ~NewDirectory() {
    std::error_code ignored;
    if (created_ && !kept_) fs::remove_all(path_, ignored);
  }
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;

  void Keep() { kept_ = true; }

 private:
  fs::path path_;
  bool created_ = false, kept_ = false;
};

// PyTorch's depthwise convolution has a dimension of 1 between.
Shape PublishedShape(const TensorSpec& spec) {
  if (spec.id.role == TensorRole::kSsmConv) {
    return {spec.shape[0], 1, spec.shape[1]};
  }
  return spec.shape;
}

std::string ConfigText(const ModelConfig& config, DType dtype) {
  nlohmann::ordered_json document = ConfigDocument(config);
  document["torch_dtype"] = dtype == DType::kF32   ? "float32"
                            : dtype == DType::kF16 ? "float16"
                                                   : "bfloat16";
  return document.dump(2) + "\n";
}

}  // namespace

void WriteSafetensors(const ModelConfig& config, const TensorSource& source,
                      const std::string& dir, DType dtype,
                      const WriteProgress& progress) {
  LLAMBA_ASSERT(IsFloat(dtype));
  const bool llama = config.FitsLlama();
  if (!llama) RequireLlambaEpsilon(config, dir);
  if (!config.attention.rope_freq_factors.empty()) {
    Fail(
        "{}: the model's rope_freqs.weight is no scaling of type llama3, the "
        "only one that config.json can hold here",
        dir);
  }
  const std::string text = ConfigText(config, dtype);
  const Layout layout =
      llama ? Layout::kHuggingFaceLlama : Layout::kHuggingFaceLlamba;
  std::vector<OutputTensor> tensors;
  std::vector<TensorInfo> infos;
  for (const TensorSpec& spec : Schema(config)) {
    tensors.push_back(
        {spec, {TensorName(layout, spec.id), dtype, PublishedShape(spec)}, 0});
    infos.push_back(tensors.back().info);
  }

  NewDirectory directory(dir);
  // transformers refuses a file without this note.
  SafetensorsWriter writer(dir + "/model.safetensors", infos,
                           {{"format", "pt"}});
  RowEncoder encoder(source, dir, tensors, progress);
  for (const OutputTensor& tensor : tensors) {
    encoder.Encode(tensor, [&](std::span<const std::byte> bytes) {
      writer.AppendPart(bytes);
    });
  }
  writer.Commit();
  WriteFileAtomically(dir + "/config.json", text);
  directory.Keep();
}

}  // namespace llamba

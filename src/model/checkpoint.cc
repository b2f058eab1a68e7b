#include "model/checkpoint.h"

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "checkpoint/pytorch_zip.h"
#include "checkpoint/safetensors.h"
#include "model/readers.h"

namespace llamba {
namespace {

namespace fs = std::filesystem;

using FilePtr = std::shared_ptr<const TensorFile>;

FilePtr Share(TensorFile file) {
  return std::make_shared<const TensorFile>(std::move(file));
}

// The only *.safetensors of a directory; empty where there is none.
std::string OnlySafetensors(const std::string& dir) {
  std::string found;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir)) {
    if (entry.path().extension() != ".safetensors") continue;
    if (!found.empty()) {
      Fail(
          "{}: expected one .safetensors file or model.safetensors, found {} "
          "and {}",
          dir, fs::path(found).filename().string(),
          entry.path().filename().string());
    }
    found = entry.path().string();
  }
  return found;
}

// The tensors of a directory, in transformers' order of preference.
FilePtr ReadTensors(const std::string& dir) {
  const std::string single = dir + "/model.safetensors";
  const std::string index = single + ".index.json";
  const std::string pytorch = dir + "/pytorch_model.bin";
  if (FileExists(single)) return Share(ReadSafetensors(single));
  if (FileExists(index)) return Share(ReadShardedSafetensors(index));
  if (FileExists(pytorch)) return Share(ReadPyTorchZip(pytorch));
  if (FileExists(pytorch + ".index.json")) {
    Fail(
        "{}: a PyTorch checkpoint in several files is not supported: expected "
        "safetensors or one pytorch_model.bin",
        pytorch + ".index.json");
  }
  const std::string only = OnlySafetensors(dir);
  if (!only.empty()) return Share(ReadSafetensors(only));
  Fail(
      "{}: expected model.safetensors, model.safetensors.index.json, "
      "pytorch_model.bin or an MLX .safetensors file, found none",
      dir);
}

Checkpoint OpenTensors(FilePtr file, const std::string& dir) {
  if (IsMlx(*file)) return ReadMlx(std::move(file));
  const std::string config = dir + "/config.json";
  if (!FileExists(config)) {
    Fail("{}: expected a config.json beside the tensors, found none", dir);
  }
  return ReadHuggingFace(std::move(file), config);
}

}  // namespace

Checkpoint OpenCheckpoint(const std::string& path) {
  if (IsDirectory(path)) {
    Checkpoint checkpoint = OpenTensors(ReadTensors(path), path);
    checkpoint.path = path;
    return checkpoint;
  }
  if (!FileExists(path)) {
    std::error_code ignored;
    Fail("{}: expected a model directory or a GGUF file, found {}", path,
         fs::exists(path, ignored) ? "a pipe or device" : "nothing");
  }
  if (IsGguf(path)) return ReadGgufModel(ReadGguf(path), path);
  if (path.ends_with(".safetensors")) {
    const std::string parent = fs::path(path).parent_path().string();
    return OpenTensors(Share(ReadSafetensors(path)),
                       parent.empty() ? "." : parent);
  }
  Fail("{}: expected a model directory or a GGUF file, found {}", path,
       fs::file_size(path) == 0 ? "an empty file" : "another file");
}

const StoredTensor* Checkpoint::Find(TensorRole role, int layer) const {
  const auto it = tensors.find({role, layer});
  return it == tensors.end() ? nullptr : &it->second;
}

const StoredTensor& Checkpoint::Get(TensorRole role, int layer) const {
  const StoredTensor* tensor = Find(role, layer);
  LLAMBA_ASSERT(tensor != nullptr);
  return *tensor;
}

}  // namespace llamba

#ifndef LLAMBA_CHECKPOINT_TENSOR_FILE_H_
#define LLAMBA_CHECKPOINT_TENSOR_FILE_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mapped_file.h"
#include "base/tensor_view.h"

namespace llamba {

struct TensorInfo {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
};

struct NamedTensor {
  std::string name;
  TensorView view;  // into a mapped file
};

// The tensors of a checkpoint, whatever its container: names, types, shapes and
// mapped bytes, without meaning. Immutable once read; copies share the
// mappings. Every view lies inside its file, its byte count equals what type
// and shape need, and no two views of a file overlap: readers check this.
class TensorFile {
 public:
  // `path` names the file or directory in errors.
  explicit TensorFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  // In the order of the file's header.
  const std::vector<NamedTensor>& tensors() const { return tensors_; }
  // Null where there is no such tensor.
  const TensorView* Find(std::string_view name) const;
  // The safetensors `__metadata__` strings; empty for other containers.
  const std::map<std::string, std::string>& metadata() const {
    return metadata_;
  }

  // A tensor's bytes are not needed soon: where they are mapped, their pages
  // stop counting as this process' memory until they are read again.
  void Release(const TensorView& view) const;

  // For readers. Throws Error on a duplicate name.
  void Add(NamedTensor tensor);
  void KeepAlive(std::shared_ptr<const void> owner);
  void KeepAlive(std::shared_ptr<const MappedFile> file);
  void KeepAlive(std::shared_ptr<const TensorFile> shard);
  void SetMetadata(std::map<std::string, std::string> metadata) {
    metadata_ = std::move(metadata);
  }

 private:
  std::string path_;
  std::vector<NamedTensor> tensors_;
  std::unordered_map<std::string, size_t> index_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::shared_ptr<const void>> owners_;
  std::vector<std::span<const std::byte>> mapped_;
};

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_TENSOR_FILE_H_

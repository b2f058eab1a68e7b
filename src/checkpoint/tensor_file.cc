#include "checkpoint/tensor_file.h"

#include <functional>

#include "base/error.h"

namespace llamba {

const TensorView* TensorFile::Find(std::string_view name) const {
  const auto it = index_.find(std::string(name));
  return it == index_.end() ? nullptr : &tensors_[it->second].view;
}

void TensorFile::Add(NamedTensor tensor) {
  if (!index_.emplace(tensor.name, tensors_.size()).second) {
    Fail("{}: tensor '{}' occurs twice", path_, tensor.name);
  }
  tensors_.push_back(std::move(tensor));
}

void TensorFile::KeepAlive(std::shared_ptr<const void> owner) {
  owners_.push_back(std::move(owner));
}

void TensorFile::KeepAlive(std::shared_ptr<const MappedFile> file) {
  mapped_.push_back(file->bytes());
  owners_.push_back(std::move(file));
}

void TensorFile::KeepAlive(std::shared_ptr<const TensorFile> shard) {
  mapped_.insert(mapped_.end(), shard->mapped_.begin(), shard->mapped_.end());
  owners_.push_back(std::move(shard));
}

void TensorFile::Release(const TensorView& view) const {
  const std::less_equal<> before;
  for (const std::span<const std::byte> file : mapped_) {
    if (before(file.data(), view.data) &&
        before(view.data + view.bytes, file.data() + file.size())) {
      ReleasePages({view.data, view.bytes});
    }
  }
}

}  // namespace llamba

#include "checkpoint/tensor_file.h"

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

}  // namespace llamba

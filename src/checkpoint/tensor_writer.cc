#include "checkpoint/tensor_writer.h"

#include "base/error.h"
#include "formats/formats.h"

namespace llamba {
namespace {

size_t NeededBytes(const TensorInfo& tensor) {
  return *TensorBytes(tensor.dtype, tensor.shape);
}

[[noreturn]] void FailBytes(const std::string& path, const TensorInfo& tensor,
                            size_t found) {
  Fail("{}: tensor '{}': {} {} needs {} bytes, found {}", path, tensor.name,
       DTypeName(tensor.dtype), ShapeString(tensor.shape), NeededBytes(tensor),
       found);
}

}  // namespace

TensorWriter::TensorWriter(const std::string& path,
                           const std::vector<TensorInfo>& tensors,
                           size_t alignment)
    : path_(path), file_(path), tensors_(tensors), alignment_(alignment) {}

void TensorWriter::Append(std::span<const std::byte> bytes) {
  LLAMBA_ASSERT(next_ < tensors_.size());
  const TensorInfo& tensor = tensors_[next_];
  if (bytes.size() != NeededBytes(tensor)) {
    FailBytes(path_, tensor, bytes.size());
  }
  AppendPart(bytes);
}

void TensorWriter::AppendPart(std::span<const std::byte> bytes) {
  LLAMBA_ASSERT(next_ < tensors_.size());
  const TensorInfo& tensor = tensors_[next_];
  const size_t needed = NeededBytes(tensor);
  if (bytes.size() > needed - written_) {
    FailBytes(path_, tensor, written_ + bytes.size());
  }
  file_.Write(bytes);
  written_ += bytes.size();
  if (written_ < needed) return;
  file_.Write(
      std::string((alignment_ - needed % alignment_) % alignment_, '\0'));
  written_ = 0;
  ++next_;
}

void TensorWriter::Commit() {
  if (next_ != tensors_.size()) {
    Fail("{}: tensor '{}' is missing", path_, tensors_[next_].name);
  }
  file_.Commit();
}

}  // namespace llamba

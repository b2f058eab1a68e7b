#ifndef LLAMBA_CHECKPOINT_TENSOR_WRITER_H_
#define LLAMBA_CHECKPOINT_TENSOR_WRITER_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "checkpoint/tensor_file.h"

namespace llamba {

// Writes a file tensor by tensor, so that memory never holds the whole model.
// What each format makes of it first takes names, types and shapes; then comes
// Append for each, in the same order.
class TensorWriter {
 public:
  // `bytes` of the next tensor; throws Error where the count is not what its
  // type and shape need.
  void Append(std::span<const std::byte> bytes);
  // The next bytes of a tensor too large to hold: the last part of one makes
  // the following tensor the next. Throws Error where they are too many.
  void AppendPart(std::span<const std::byte> bytes);
  // Renames the file into place. Throws Error where a tensor is missing.
  void Commit();

 protected:
  // Zeros fill each tensor up to a multiple of `alignment` bytes.
  TensorWriter(const std::string& path, const std::vector<TensorInfo>& tensors,
               size_t alignment);
  ~TensorWriter() = default;
  // What stands before the tensors, whose shapes have been found possible.
  void WriteHead(std::string_view text) { file_.Write(text); }

 private:
  std::string path_;
  AtomicFile file_;
  std::vector<TensorInfo> tensors_;
  size_t alignment_;
  size_t next_ = 0;
  size_t written_ = 0;  // of tensor next_
};

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_TENSOR_WRITER_H_

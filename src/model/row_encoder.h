#ifndef LLAMBA_MODEL_ROW_ENCODER_H_
#define LLAMBA_MODEL_ROW_ENCODER_H_

#include <functional>
#include <string>
#include <vector>

#include "model/tensor_source.h"

namespace llamba {

// One tensor as a writer wants it.
struct OutputTensor {
  TensorSpec spec;
  TensorInfo info;  // name, type and shape in the file
  // > 0: rows go in llama.cpp's rotary order, that of this many heads.
  int64_t interleaved_heads = 0;
};

// Encodes tensors in turn and hands out their bytes in pieces of a few
// megabytes. Throws Error when `progress` says stop; `path` names the output.
class RowEncoder {
 public:
  using Sink = std::function<void(std::span<const std::byte>)>;

  // Matrices go through `coder`; without one, through EncodeRow (formats.h).
  RowEncoder(const TensorSource& source, std::string path,
             const std::vector<OutputTensor>& tensors, WriteProgress progress,
             MatrixCoder* coder = nullptr);

  void Encode(const OutputTensor& tensor, const Sink& sink);

 private:
  void EncodeRowTo(const OutputTensor& tensor, int64_t row,
                   std::byte* out) const;
  void Report(size_t bytes);

  const TensorSource& source_;
  std::string path_;
  WriteProgress progress_;
  MatrixCoder* coder_;
  uint64_t done_ = 0, total_ = 0;
};

}  // namespace llamba

#endif  // LLAMBA_MODEL_ROW_ENCODER_H_

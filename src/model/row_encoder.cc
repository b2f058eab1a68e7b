#include "model/row_encoder.h"

#include <algorithm>

#include "base/error.h"
#include "base/thread_pool.h"
#include "formats/formats.h"

namespace llamba {
namespace {

constexpr size_t kPieceBytes = size_t{4} << 20;

int64_t Rows(const TensorSpec& spec) {
  return spec.shape.size() > 1 ? NumElements(spec.shape) / spec.shape.back()
                               : 1;
}

// Which of our rows stands at place f of llama.cpp's order: the inverse of
// StoredTensor::FileRow.
int64_t SourceRow(int64_t f, int64_t head_dim) {
  const int64_t in_head = f % head_dim;
  return f - in_head + in_head % 2 * (head_dim / 2) + in_head / 2;
}

}  // namespace

RowEncoder::RowEncoder(const TensorSource& source, std::string path,
                       const std::vector<OutputTensor>& tensors,
                       WriteProgress progress, MatrixCoder* coder)
    : source_(source),
      path_(std::move(path)),
      progress_(std::move(progress)),
      coder_(coder) {
  for (const OutputTensor& tensor : tensors) {
    total_ += TensorBytes(tensor.info.dtype, tensor.spec.shape).value();
  }
}

void RowEncoder::EncodeRowTo(const OutputTensor& tensor, int64_t row,
                             std::byte* out) const {
  const TensorSpec& spec = tensor.spec;
  const DType dtype = tensor.info.dtype;
  const int64_t cols = spec.shape.back();
  const int64_t heads = tensor.interleaved_heads;
  const bool vector = spec.shape.size() == 1;
  const int64_t from =
      heads > 0 && !vector ? SourceRow(row, spec.shape[0] / heads) : row;
  const bool permuted_vector = heads > 0 && vector;
  if (!permuted_vector && source_.CopyRow(spec, dtype, from, out)) return;
  std::vector<float> values(static_cast<size_t>(cols));
  source_.FillRow(spec, from, values);
  if (permuted_vector) {
    const std::vector<float> ours = values;
    for (int64_t i = 0; i < cols; ++i) {
      values[static_cast<size_t>(i)] =
          ours[static_cast<size_t>(SourceRow(i, cols / heads))];
    }
  }
  if (coder_ != nullptr && spec.is_matrix) {
    coder_->Encode(spec, dtype, from, values, out);
  } else {
    EncodeRow(dtype, values, out);
  }
}

void RowEncoder::Report(size_t bytes) {
  done_ += bytes;
  if (progress_ && !progress_(done_, total_)) {
    Fail("{}: stopped before it was whole; nothing was written", path_);
  }
}

void RowEncoder::Encode(const OutputTensor& tensor, const Sink& sink) {
  const int64_t rows = Rows(tensor.spec);
  const size_t row_bytes =
      RowBytes(tensor.info.dtype, tensor.spec.shape.back()).value();
  const int64_t step = std::max<int64_t>(
      1, static_cast<int64_t>(kPieceBytes / std::max<size_t>(1, row_bytes)));
  std::vector<std::byte> piece;
  if (coder_ != nullptr && tensor.spec.is_matrix) coder_->Begin(tensor.spec);
  for (int64_t begin = 0; begin < rows; begin += step) {
    const int64_t n = std::min(step, rows - begin);
    piece.resize(static_cast<size_t>(n) * row_bytes);
    ThreadPool::Default().ParallelFor(n, 1, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        EncodeRowTo(tensor, begin + i,
                    piece.data() + static_cast<size_t>(i) * row_bytes);
      }
    });
    sink(piece);
    Report(piece.size());
  }
  source_.Release(tensor.spec);
}

}  // namespace llamba

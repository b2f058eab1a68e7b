#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "formats/formats.h"
#include "formats/pack.h"
#include "model/checkpoint.h"

namespace llamba {
namespace {

std::vector<float> DecodeRowAt(const TensorView& view, int64_t row) {
  const int64_t cols = view.shape.back();
  const size_t row_bytes = RowBytes(view.dtype, cols).value();
  std::vector<float> values(static_cast<size_t>(cols));
  DecodeRow(view.dtype, view.data + static_cast<size_t>(row) * row_bytes,
            values);
  return values;
}

// True where F16 holds every value exactly.
bool AreHalves(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) {
    return HalfToFloat(FloatToHalf(value)) == value;
  });
}

bool HoldsHalves(const TensorView& view) {
  if (view.dtype == DType::kF16) return true;
  for (int64_t r = 0; r < view.shape[0]; ++r) {
    if (!AreHalves(DecodeRowAt(view, r))) return false;
  }
  return true;
}

}  // namespace

size_t StoredTensor::bytes() const {
  return data_.bytes + scales_.bytes + offsets_.bytes;
}

int64_t StoredTensor::cols() const {
  return shape_.empty() ? 1 : shape_.back();
}

int64_t StoredTensor::rows() const {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < shape_.size(); ++i) rows *= shape_[i];
  return rows;
}

bool StoredTensor::IsPlain() const {
  return mlx_bits_ == 0 && data_.dtype != DType::kF64;
}

const std::byte* StoredTensor::PlainRows() const {
  return IsPlain() && interleaved_heads_ == 0 ? data_.data : nullptr;
}

// llama.cpp keeps the two halves of a head's rotary pairs interleaved: row
// (head, half, j) of ours is its row (head, j, half).
int64_t StoredTensor::FileRow(int64_t r) const {
  if (interleaved_heads_ == 0) return r;
  const int64_t all = shape_.size() == 1 ? shape_[0] : rows();
  const int64_t head_dim = all / interleaved_heads_;
  const int64_t in_head = r % head_dim;
  const int64_t half = in_head / (head_dim / 2);
  const int64_t j = in_head % (head_dim / 2);
  return r - in_head + 2 * j + half;
}

// Two blocks, or more, of a row share the scale and offset of their group.
bool StoredTensor::IsQ41() const {
  return mlx_bits_ == 4 && cols() / scales_.shape.back() % kBlockValues == 0 &&
         HoldsHalves(scales_) && HoldsHalves(offsets_);
}

DType StoredTensor::GgufType() const {
  if (IsPlain()) return data_.dtype;
  return IsQ41() ? DType::kQ4_1 : DType::kF32;
}

bool StoredTensor::CopyRow(DType dtype, int64_t r, std::byte* out) const {
  const bool permuted_vector = interleaved_heads_ > 0 && shape_.size() == 1;
  if (permuted_vector) return false;
  if (mlx_bits_ == 4 && dtype == DType::kQ4_1) return CopyMlxRow(r, out);
  if (mlx_bits_ != 0 || dtype != data_.dtype) return false;
  const size_t row_bytes = RowBytes(dtype, cols()).value();
  std::memcpy(out, data_.data + static_cast<size_t>(FileRow(r)) * row_bytes,
              row_bytes);
  return true;
}

bool StoredTensor::CopyMlxRow(int64_t r, std::byte* out) const {
  const std::vector<float> scales = DecodeRowAt(scales_, r);
  const std::vector<float> offsets = DecodeRowAt(offsets_, r);
  const int64_t group = cols() / scales_.shape.back();
  if (group % kBlockValues != 0 || !AreHalves(scales) || !AreHalves(offsets)) {
    return false;
  }
  const std::byte* nibbles = data_.data + r * cols() / 2;
  const int64_t block_bytes = GetBlockSize(DType::kQ4_1).bytes;
  for (int64_t i = 0; i < cols(); i += kBlockValues, out += block_bytes) {
    uint8_t codes[kBlockValues];
    for (int64_t j = 0; j < kBlockValues; ++j) {
      const auto pair = std::to_integer<uint8_t>(nibbles[(i + j) / 2]);
      codes[j] = j % 2 == 0 ? pair & 15 : pair >> 4;
    }
    const auto g = static_cast<size_t>(i / group);
    PackBlock(DType::kQ4_1, FloatToHalf(scales[g]), FloatToHalf(offsets[g]),
              codes, out);
  }
  return true;
}

void StoredTensor::DecodeMlx(int64_t r, std::span<float> out) const {
  const auto words_per_row = static_cast<size_t>(data_.shape.back());
  std::vector<uint32_t> words(words_per_row);
  std::memcpy(words.data(),
              data_.data + static_cast<size_t>(r) * words_per_row * 4,
              words_per_row * 4);
  const std::vector<float> scales = DecodeRowAt(scales_, r);
  const std::vector<float> offsets = DecodeRowAt(offsets_, r);
  DecodeMlxRow(words, mlx_bits_, cols() / scales_.shape.back(), scales, offsets,
               out);
}

void StoredTensor::DecodeRows(int64_t begin, int64_t end, float* out) const {
  LLAMBA_ASSERT(0 <= begin && begin <= end && end <= rows());
  const auto n = static_cast<size_t>(cols());
  const size_t row_bytes =
      mlx_bits_ > 0 ? 0 : RowBytes(data_.dtype, cols()).value();
  for (int64_t r = begin; r < end; ++r, out += n) {
    const std::span<float> row(out, n);
    if (mlx_bits_ > 0) {
      DecodeMlx(r, row);
    } else if (shape_.size() > 1) {
      DecodeRow(data_.dtype,
                data_.data + static_cast<size_t>(FileRow(r)) * row_bytes, row);
    } else {
      DecodeRow(data_.dtype, data_.data, row);
    }
  }
  if (interleaved_heads_ == 0 || shape_.size() != 1 || begin == end) return;
  // A bias of q or k: the elements stand in the rows' order.
  const std::vector<float> stored(out - n, out);
  for (size_t i = 0; i < n; ++i) {
    *(out - n + i) =
        stored[static_cast<size_t>(FileRow(static_cast<int64_t>(i)))];
  }
}

std::vector<float> StoredTensor::DecodeAll() const {
  std::vector<float> values(static_cast<size_t>(rows() * cols()));
  DecodeRows(0, rows(), values.data());
  return values;
}

}  // namespace llamba

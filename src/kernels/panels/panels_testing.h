#ifndef LLAMBA_KERNELS_PANELS_PANELS_TESTING_H_
#define LLAMBA_KERNELS_PANELS_PANELS_TESTING_H_

#include <vector>

#include "formats/formats.h"
#include "kernels/kernel_testing.h"
#include "kernels/panels/panels.h"

namespace llamba::testing {

inline constexpr DType kPanelTypes[] = {
    DType::kQ4_0, DType::kQ4_1,   DType::kQ5_0, DType::kQ5_1,
    DType::kQ8_0, DType::kIQ4_NL, DType::kQ4_K, DType::kQ5_K};

// Bytes of a block's halves that must be numbers of a likely size.
inline std::vector<size_t> HalvesOf(DType dtype) {
  const bool two = dtype == DType::kQ4_1 || dtype == DType::kQ5_1 ||
                   dtype == DType::kQ4_K || dtype == DType::kQ5_K;
  return two ? std::vector<size_t>{0, 2} : std::vector<size_t>{0};
}

// Rows of random blocks of a type: every code, scale and sign occurs.
class BlockWeights {
 public:
  BlockWeights(Random& random, DType dtype, int64_t rows, int64_t cols)
      : dtype_(dtype),
        rows_(rows),
        cols_(cols),
        row_bytes_(static_cast<int64_t>(*RowBytes(dtype, cols))),
        bytes_(static_cast<size_t>(rows * row_bytes_)) {
    for (std::byte& b : bytes_) {
      b = static_cast<std::byte>(static_cast<int>(random.Normal() * 1e4f) &
                                 255);
    }
    const auto block = static_cast<size_t>(GetBlockSize(dtype).bytes);
    for (size_t at = 0; at < bytes_.size(); at += block) {
      for (const size_t half : HalvesOf(dtype)) {
        const uint16_t value = FloatToHalf(random.Normal(0.1f));
        std::memcpy(&bytes_[at + half], &value, sizeof value);
      }
    }
  }

  DType dtype() const { return dtype_; }
  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  std::vector<float> Decoded(int64_t r) const {
    std::vector<float> row(static_cast<size_t>(cols_));
    DecodeRow(dtype_, bytes_.data() + r * row_bytes_, row);
    return row;
  }
  std::vector<std::byte> Packed() const {
    const PanelShape shape(dtype_, cols_);
    const int64_t panels = (rows_ + kPanelRows - 1) / kPanelRows;
    std::vector<std::byte> packed(static_cast<size_t>(panels * shape.bytes),
                                  std::byte{0xab});
    for (int64_t p = 0; p < panels; ++p) {
      std::vector<const std::byte*> rows;
      for (int64_t r = p * kPanelRows; r < rows_ && r < (p + 1) * kPanelRows;
           ++r) {
        rows.push_back(bytes_.data() + r * row_bytes_);
      }
      PackPanel(dtype_, rows, cols_, packed.data() + p * shape.bytes);
    }
    return packed;
  }

 private:
  DType dtype_;
  int64_t rows_, cols_, row_bytes_;
  std::vector<std::byte> bytes_;
};

}  // namespace llamba::testing

#endif  // LLAMBA_KERNELS_PANELS_PANELS_TESTING_H_

#ifndef LLAMBA_KERNELS_MATMUL_TESTING_H_
#define LLAMBA_KERNELS_MATMUL_TESTING_H_

#include <cstring>
#include <vector>

#include "base/aligned_buffer.h"
#include "formats/formats.h"
#include "kernels/kernel_testing.h"

// What the tests of products share.

namespace llamba::testing {

// Weights of any float type, their first byte off every boundary but the
// type's own, rows `gap` elements apart.
class Weights {
 public:
  Weights(Random& random, DType dtype, int64_t rows, int64_t cols, float sigma)
      : size_(static_cast<int64_t>(*RowBytes(dtype, 1))),
        dtype_(dtype),
        rows_(rows),
        cols_(cols),
        bytes_(static_cast<size_t>((rows * (cols + kGap) + 1) * size_)) {
    for (int64_t r = 0; r < rows; ++r) {
      EncodeRow(dtype, random.Normals(cols, sigma), Row(r));
    }
  }

  MatrixView view() const {
    return {dtype_, rows_, cols_, bytes_.data() + size_, RowStride()};
  }
  std::vector<float> Decoded(int64_t r) const {
    std::vector<float> row(static_cast<size_t>(cols_));
    DecodeRow(dtype_, view().data + r * RowStride(), row);
    return row;
  }

 private:
  static constexpr int64_t kGap = 5;
  int64_t RowStride() const { return (cols_ + kGap) * size_; }
  std::byte* Row(int64_t r) { return bytes_.data() + size_ + r * RowStride(); }

  int64_t size_;
  DType dtype_;
  int64_t rows_, cols_;
  std::vector<std::byte> bytes_;
};

inline MatMulArgs Args(const Weights& w, const Matrix& x, Matrix& y) {
  return {.w = w.view(),
          .x = x.data(),
          .x_stride = x.stride(),
          .m = x.rows(),
          .bias = nullptr,
          .y = y.data(),
          .y_stride = y.stride(),
          .accumulate = false};
}

// Rows [n_begin, n_end) of the product.
inline void Multiply(const ArrangedProducts& products, const MatMulArgs& args,
                     int64_t n_begin, int64_t n_end) {
  // What was there before must not matter.
  const auto spoil = [](AlignedBuffer<std::byte>& buffer, size_t bytes) {
    if (buffer.size() < bytes) buffer = AlignedBuffer<std::byte>(bytes);
    std::memset(buffer.data(), 0xff, buffer.size());
  };
  static AlignedBuffer<std::byte> arranged, scratch;
  spoil(arranged, products.arranged_bytes(args.m, args.w.cols));
  spoil(scratch, products.scratch_bytes);
  const ArrangeArgs arrange = {args.x,      args.x_stride,   args.m,
                               args.w.cols, arranged.data(), args.segment};
  const int64_t cut = args.m / 3;
  products.arrange(arrange, cut, args.m);
  products.arrange(arrange, 0, cut);
  products.multiply(args, arranged.data(), scratch.data(), n_begin, n_end);
}

// |error| <= depth u (sum |x w| + |bias| + |y before|), for the kernel and
// (once more u for its final rounding, inside the depth) the reference.
inline void ExpectClose(const MatMulArgs& args, const Weights& w,
                        const Matrix& x, const Matrix& y,
                        const Matrix& expected, double depth, double extra) {
  for (int64_t n = 0; n < args.w.rows; ++n) {
    const std::vector<float> row = w.Decoded(n);
    for (int64_t m = 0; m < args.m; ++m) {
      double norm = extra;
      for (int64_t k = 0; k < args.w.cols; ++k) {
        norm += std::abs(static_cast<double>(x.at(m, k)) *
                         row[static_cast<size_t>(k)]);
      }
      ASSERT_NEAR(y.at(m, n), expected.at(m, n), depth * kRound * norm)
          << "m " << m << " n " << n << " K " << args.w.cols;
    }
  }
}

// `multiply`(args, n_begin, n_end) of BF16 weights writes its range alone.
template <class Multiply>
void ExpectRangeTouchesNothingElse(const Multiply& multiply) {
  Random random(3);
  for (const int64_t m : {1, 4, 30}) {
    const Weights w(random, DType::kBF16, 40, 33, 1);
    const Matrix x = Matrix::Normal(random, m, 33);
    Matrix y(m, 40);
    multiply(Args(w, x, y), 7, 26);
    for (int64_t r = 0; r < m; ++r) {
      for (int64_t c = 0; c < 40; ++c) {
        EXPECT_EQ(Matrix::IsPoison(y.at(r, c)), c < 7 || c >= 26);
      }
    }
  }
}

}  // namespace llamba::testing

#endif  // LLAMBA_KERNELS_MATMUL_TESTING_H_

#ifndef LLAMBA_KERNELS_KERNEL_TESTING_H_
#define LLAMBA_KERNELS_KERNEL_TESTING_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"

// What the tests of the kernels share.

namespace llamba::testing {

// Half the distance between 1 and the next float: the relative error of one
// rounded operation is at most this.
constexpr double kRound = 0x1p-24;

// Float lanes of an instruction set's vectors; 1 for plain code.
inline int64_t LanesOf(const std::string& isa) {
  if (isa == "avx512") return 16;
  if (isa == "avx2") return 8;
  return isa == "reference" || isa == "generic" ? 1 : 4;
}

// Rounded operations on the way from one product to a sum of n of them: the
// chain of one lane, the tree over the lanes, two for bias and result.
inline double SumDepth(const std::string& isa, int64_t n) {
  const auto lanes = static_cast<double>(LanesOf(isa));
  return std::ceil(static_cast<double>(n) / lanes) + std::log2(lanes) + 2;
}

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  float Normal(float sigma = 1) {
    return std::normal_distribution<float>(0, sigma)(engine_);
  }
  std::vector<float> Normals(int64_t n, float sigma = 1) {
    std::vector<float> values(static_cast<size_t>(n));
    for (float& v : values) v = Normal(sigma);
    return values;
  }

 private:
  std::mt19937 engine_;
};

// (rows, cols) floats, `gap` floats between rows and around, one float off any
// boundary; all poisoned at first, so that a test sees what was written.
class Matrix {
 public:
  Matrix(int64_t rows, int64_t cols, int64_t gap = 3)
      : rows_(rows),
        cols_(cols),
        stride_(cols + gap),
        values_(static_cast<size_t>(kGuard + rows * stride_ + kGuard),
                Poison()) {}
  static Matrix Normal(Random& random, int64_t rows, int64_t cols,
                       float sigma = 1) {
    Matrix matrix(rows, cols);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) matrix.at(r, c) = random.Normal(sigma);
    }
    return matrix;
  }

  float* data() { return values_.data() + kGuard; }
  const float* data() const { return values_.data() + kGuard; }
  int64_t stride() const { return stride_; }
  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  float& at(int64_t r, int64_t c) { return data()[r * stride_ + c]; }
  float at(int64_t r, int64_t c) const { return data()[r * stride_ + c]; }

  // Every element was written and nothing between or around them.
  void ExpectWrittenExactly() const {
    const auto total = static_cast<int64_t>(values_.size());
    for (int64_t i = 0; i < total; ++i) {
      const int64_t at = i - kGuard;
      const bool inside =
          at >= 0 && at < rows_ * stride_ && at % stride_ < cols_;
      ASSERT_EQ(IsPoison(values_[static_cast<size_t>(i)]), !inside)
          << "row " << at / stride_ << ", column " << at % stride_;
    }
  }

  static float Poison() {
    const uint32_t bits = 0x7fc0dead;  // a NaN that no kernel makes
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  static bool IsPoison(float value) {
    const float poison = Poison();
    return std::memcmp(&value, &poison, sizeof(value)) == 0;
  }

 private:
  static constexpr int64_t kGuard = 17;
  int64_t rows_, cols_, stride_;
  std::vector<float> values_;
};

// The same bits in every element, gaps included.
inline void ExpectSameBits(const Matrix& a, const Matrix& b) {
  ASSERT_EQ(a.rows(), b.rows());
  ASSERT_EQ(a.cols(), b.cols());
  for (int64_t r = 0; r < a.rows(); ++r) {
    ASSERT_EQ(0,
              std::memcmp(a.data() + r * a.stride(), b.data() + r * b.stride(),
                          static_cast<size_t>(a.cols()) * sizeof(float)))
        << "row " << r;
  }
}

class IsaTest : public ::testing::TestWithParam<std::string> {
 protected:
  const KernelTable& kernels() const { return GetKernels(GetParam()); }
  double Depth(int64_t n) const { return SumDepth(GetParam(), n); }
};

inline std::string IsaTestName(
    const ::testing::TestParamInfo<std::string>& info) {
  return info.param;
}

}  // namespace llamba::testing

#endif  // LLAMBA_KERNELS_KERNEL_TESTING_H_

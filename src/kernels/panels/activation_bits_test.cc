// Products with activations in 16 bits: two terms of 8.
#include <gtest/gtest.h>

#include "kernels/ops.h"
#include "kernels/panels/panels_testing.h"

namespace llamba {
namespace {

using testing::BlockWeights;
using testing::Matrix;
using testing::Random;

class ActivationBitsTest : public testing::IsaTest {
 protected:
  static MatMulArgs Args(const BlockWeights& w,
                         const std::vector<std::byte>& packed, const Matrix& x,
                         Matrix& y, int64_t first, int64_t count) {
    MatMulArgs args;
    args.w = {w.dtype(),     w.rows(), w.cols(),
              packed.data(), 0,        PanelShape(w.dtype(), w.cols()).bytes};
    args.x = x.data() + first * x.stride();
    args.x_stride = x.stride();
    args.m = count;
    args.y = y.data() + first * y.stride();
    args.y_stride = y.stride();
    return args;
  }

  // A rest is at most half of a step, 1.25 max / 127, and its own code off by
  // half of 1.25 times the 127th part of that: x is off by 1.25^2 max / (4
  // 127^2). On top of it the roundings of two float32 sums, as PanelTest::Check
  // counts them, and theirs.
  static void ExpectNear(const BlockWeights& w, const Matrix& x,
                         const Matrix& y) {
    const double depth = 4 * static_cast<double>(w.cols()) / 32 + 10;
    for (int64_t n = 0; n < w.rows(); ++n) {
      const std::vector<float> row = w.Decoded(n);
      for (int64_t m = 0; m < x.rows(); ++m) {
        double sum = 0, codes = 0, norm = 0;
        for (int64_t b = 0; b < w.cols(); b += 32) {
          double largest_w = 0, largest_x = 0, sum_w = 0, sum_x = 0;
          for (int64_t k = b; k < b + 32; ++k) {
            const double a = x.at(m, k), c = row[static_cast<size_t>(k)];
            sum += a * c;
            sum_w += std::abs(c);
            sum_x += std::abs(a);
            largest_w = std::max(largest_w, std::abs(c));
            largest_x = std::max(largest_x, std::abs(a));
          }
          codes += largest_x * sum_w;
          norm += 2 * largest_w * sum_x;
        }
        ASSERT_NEAR(y.at(m, n), sum,
                    1.25 * 1.25 * codes / (4 * 127 * 127) +
                        depth * testing::kRound * norm)
            << DTypeName(w.dtype()) << " m " << m << " n " << n;
      }
    }
  }

  ThreadPool pool_{2};
  Ops ops_{kernels(), pool_, nullptr, 16};
};

TEST_P(ActivationBitsTest, NearTheProductInFloats) {
  Random random(3);
  for (const DType dtype : testing::kPanelTypes) {
    const BlockWeights w(random, dtype, 150, 768);
    const std::vector<std::byte> packed = w.Packed();
    for (const int64_t m : {1, 3, 7, 8, 25, 40}) {
      const Matrix x = Matrix::Normal(random, m, 768);
      Matrix y(m, 150);
      ops_.MatMul(Args(w, packed, x, y, 0, m));
      y.ExpectWrittenExactly();
      ExpectNear(w, x, y);
    }
  }
}

TEST_P(ActivationBitsTest, BitsDoNotDependOnTheOtherRows) {
  Random random(4);
  const BlockWeights w(random, DType::kQ4_K, 100, 512);
  const std::vector<std::byte> packed = w.Packed();
  const Matrix x = Matrix::Normal(random, 37, 512);
  Matrix whole(37, 100), apart(37, 100);
  ops_.MatMul(Args(w, packed, x, whole, 0, 37));
  for (int64_t m = 0; m < 37; m += 3) {
    ops_.MatMul(Args(w, packed, x, apart, m, std::min<int64_t>(3, 37 - m)));
  }
  ExpectSameBits(apart, whole);
}

TEST_P(ActivationBitsTest, BiasAndAccumulate) {
  Random random(5);
  const BlockWeights w(random, DType::kQ8_0, 70, 96);
  const std::vector<std::byte> packed = w.Packed();
  const Matrix x = Matrix::Normal(random, 9, 96);
  const std::vector<float> bias = random.Normals(70, 3);
  Matrix plain(9, 70);
  ops_.MatMul(Args(w, packed, x, plain, 0, 9));
  Matrix y = Matrix::Normal(random, 9, 70, 3);
  const Matrix before = y;
  MatMulArgs args = Args(w, packed, x, y, 0, 9);
  args.bias = bias.data();
  args.accumulate = true;
  ops_.MatMul(args);
  for (int64_t m = 0; m < 9; ++m) {
    for (int64_t n = 0; n < 70; ++n) {
      // The same two float32 additions.
      const float sum = plain.at(m, n) + bias[static_cast<size_t>(n)];
      ASSERT_EQ(y.at(m, n), before.at(m, n) + sum) << m << " " << n;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, ActivationBitsTest,
                         ::testing::ValuesIn(AvailableIsas()),
                         testing::IsaTestName);

}  // namespace
}  // namespace llamba

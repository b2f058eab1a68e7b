#include "kernels/matmul_testing.h"
#include "kernels/reference/reference.h"

namespace llamba {
namespace {

using testing::Matrix;
using testing::Random;
using testing::Weights;

class MatMulTest : public testing::IsaTest {
 protected:
  void Multiply(const MatMulArgs& args, int64_t n_begin, int64_t n_end) const {
    testing::Multiply(*kernels().float32, args, n_begin, n_end);
  }

  void Check(DType dtype, int64_t m, int64_t n, int64_t k, float sigma = 1) {
    Random random(static_cast<uint32_t>(m * 131 + n * 17 + k));
    const Weights w(random, dtype, n, k, sigma);
    const Matrix x = Matrix::Normal(random, m, k);
    Matrix y(m, n), expected(m, n);
    Multiply(Args(w, x, y), 0, n);
    reference::MatMul(Args(w, x, expected), 0, n);
    y.ExpectWrittenExactly();
    ExpectClose(Args(w, x, y), w, x, y, expected, Depth(k), 0);
  }
};

TEST_P(MatMulTest, OddShapes) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    for (const int64_t k : {1, 3, 7, 8, 17, 63, 65, 100, 576, 1408}) {
      for (const int64_t m : {1, 2, 3, 5, 7, 8, 11}) Check(dtype, m, 13, k);
    }
    for (const int64_t n : {1, 2, 7, 8, 9, 31}) {
      for (const int64_t m : {1, 4, 17}) Check(dtype, m, n, 65);
    }
    Check(dtype, 200, 19, 1100);  // several panels and blocks of rows
  }
}

TEST_P(MatMulTest, SubnormalHalves) {
  for (const int64_t m : {1, 3, 9}) Check(DType::kF16, m, 9, 100, 1e-6f);
}

TEST_P(MatMulTest, BiasAndAccumulate) {
  Random random(7);
  for (const int64_t m : {1, 3, 12}) {
    const Weights w(random, DType::kBF16, 10, 70, 1);
    const Matrix x = Matrix::Normal(random, m, 70);
    const std::vector<float> bias = random.Normals(10, 3);
    Matrix y = Matrix::Normal(random, m, 10, 3);
    Matrix expected = y;
    MatMulArgs args = Args(w, x, y);
    args.bias = bias.data();
    args.accumulate = true;
    Multiply(args, 0, 10);
    args.y = expected.data();
    reference::MatMul(args, 0, 10);
    ExpectClose(args, w, x, y, expected, Depth(70), 30);
  }
}

// No columns: bias alone, or zero.
TEST_P(MatMulTest, NoColumns) {
  Random random(9);
  const Weights w(random, DType::kF32, 9, 0, 1);
  for (const int64_t m : {1, 2, 20}) {
    const Matrix x(m, 0);
    Matrix y(m, 9);
    Multiply(Args(w, x, y), 0, 9);
    y.ExpectWrittenExactly();
    EXPECT_EQ(y.at(m - 1, 8), 0);
  }
}

// One product of all rows against every other way to the same elements.
TEST_P(MatMulTest, BitsDependOnNeitherRowsNorRange) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    for (const int64_t k : {5, 64, 700, 1030}) {
      Random random(static_cast<uint32_t>(k));
      const int64_t m = 101, n = 21;
      const Weights w(random, dtype, n, k, 1);
      const Matrix x = Matrix::Normal(random, m, k);
      Matrix whole(m, n);
      Multiply(Args(w, x, whole), 0, n);
      for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 13, 100}) {
        Matrix pieces(m, n);
        for (int64_t r = 0; r < m; r += rows) {
          MatMulArgs args = Args(w, x, pieces);
          args.x += r * x.stride();
          args.y += r * pieces.stride();
          args.m = std::min(rows, m - r);
          const int64_t cut = 1 + (r + rows) % (n - 1);
          Multiply(args, 0, cut);
          Multiply(args, cut, n);
        }
        ExpectSameBits(pieces, whole);
      }
    }
  }
}

TEST_P(MatMulTest, RangeTouchesNothingElse) {
  testing::ExpectRangeTouchesNothingElse(
      [this](const MatMulArgs& args, int64_t n_begin, int64_t n_end) {
        Multiply(args, n_begin, n_end);
      });
}

INSTANTIATE_TEST_SUITE_P(Isas, MatMulTest, ::testing::ValuesIn(AvailableIsas()),
                         testing::IsaTestName);

}  // namespace
}  // namespace llamba

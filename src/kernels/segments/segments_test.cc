#include "kernels/segments/segments.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/matmul_testing.h"
#include "kernels/ops.h"
#include "kernels/panels/panels_testing.h"
#include "kernels/reference/reference.h"

namespace llamba {
namespace {

using testing::BlockWeights;
using testing::kPanelTypes;
using testing::Matrix;
using testing::Random;

// Weights in panels.
class PackedWeights {
 public:
  PackedWeights(Random& random, DType dtype, int64_t rows, int64_t cols)
      : blocks_(random, dtype, rows, cols), packed_(blocks_.Packed()) {}

  const BlockWeights& blocks() const { return blocks_; }
  MatMulArgs Args(const Matrix& x, Matrix& y, int64_t segment) const {
    const DType dtype = blocks_.dtype();
    MatMulArgs args;
    args.w = {dtype,
              blocks_.rows(),
              blocks_.cols(),
              packed_.data(),
              0,
              PanelShape(dtype, x.cols()).bytes};
    args.x = x.data();
    args.x_stride = x.stride();
    args.m = x.rows();
    args.y = y.data();
    args.y_stride = y.stride();
    args.segment = segment;
    return args;
  }

  // The largest magnitude that codes of row n could stand for.
  double LargestOf(int64_t n) const {
    const DType dtype = blocks_.dtype();
    const PanelShape shape(dtype, blocks_.cols());
    const PanelRow row =
        ReadPanelRow(dtype, packed_.data() + n / kPanelRows * shape.bytes,
                     n % kPanelRows, blocks_.cols());
    const double lowest = row.bits == 8 ? -128 : -row.offset;
    const double highest = lowest + (1 << row.bits) - 1;
    double largest = 0;
    for (const PanelRow::Block& block : row.blocks) {
      largest = std::max({largest, std::abs(block.m + lowest * block.d),
                          std::abs(block.m + highest * block.d)});
    }
    return largest;
  }

 private:
  BlockWeights blocks_;
  std::vector<std::byte> packed_;
};

std::vector<std::string> IsasWithSegments() {
  std::vector<std::string> isas;
  for (const std::string& isa : AvailableIsas()) {
    if (GetKernels(isa).segments != nullptr) isas.push_back(isa);
  }
  return isas;
}

class SegmentsTest : public testing::IsaTest {
 protected:
  void Multiply(const MatMulArgs& args, int64_t n_begin, int64_t n_end) const {
    testing::Multiply(*kernels().segments, args, n_begin, n_end);
  }

  void Check(DType dtype, int64_t m, int64_t n, int64_t k, int64_t segment) {
    SCOPED_TRACE(::testing::Message() << DTypeName(dtype) << " M " << m << " N "
                                      << n << " K " << k << " " << segment);
    Random random(static_cast<uint32_t>(m * 131 + n * 17 + k));
    const PackedWeights w(random, dtype, n, k);
    const Matrix x = Matrix::Normal(random, m, k);
    Matrix y(m, n), expected(m, n);
    Multiply(w.Args(x, y, segment), 0, n);
    reference::MatMulSegments(w.Args(x, expected, segment), 0, n);
    y.ExpectWrittenExactly();
    ExpectSameBits(y, expected);
  }
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SegmentsTest);

TEST_P(SegmentsTest, EveryTypeAndShape) {
  for (const DType dtype : kPanelTypes) {
    const int64_t block = GetBlockSize(dtype).elements;
    for (const int64_t m : {1, 2, 15, 16, 17, 33, 48, 50}) {
      Check(dtype, m, 37, 3 * block, 64);
    }
    for (const int64_t n : {1, 15, 16, 32, 33, 300})
      Check(dtype, 3, n, 768, 128);
    for (const int64_t segment : {64, 128, 256}) {
      Check(dtype, 40, 80, 2048, segment);
      Check(dtype, 20, 33, 1280, segment);
    }
  }
  Check(DType::kQ4_0, 530, 300, 1376, 256);
  Check(DType::kQ4_0, 70, 50, 1120, 128);
}

TEST_P(SegmentsTest, BiasAndAccumulate) {
  Random random(7);
  const PackedWeights w(random, DType::kQ5_1, 43, 96);
  for (const int64_t m : {1, 20}) {
    const Matrix x = Matrix::Normal(random, m, 96);
    const std::vector<float> bias = random.Normals(43, 3);
    Matrix y = Matrix::Normal(random, m, 43, 3);
    Matrix expected = y;
    MatMulArgs args = w.Args(x, y, 64);
    args.bias = bias.data();
    args.accumulate = true;
    Multiply(args, 0, 43);
    args.y = expected.data();
    reference::MatMulSegments(args, 0, 43);
    ExpectSameBits(y, expected);
  }
}

// One product of all rows against every other way to the same elements.
TEST_P(SegmentsTest, BitsDependOnNeitherRowsNorRange) {
  Random random(3);
  const int64_t m = 53, n = 150;
  const PackedWeights w(random, DType::kQ4_K, n, 1024);
  const Matrix x = Matrix::Normal(random, m, 1024);
  Matrix whole(m, n);
  Multiply(w.Args(x, whole, 128), 0, n);
  for (const int64_t rows : {1, 5, 16, 18, 32}) {
    Matrix pieces(m, n);
    for (int64_t r = 0; r < m; r += rows) {
      MatMulArgs args = w.Args(x, pieces, 128);
      args.x += r * x.stride();
      args.y += r * pieces.stride();
      args.m = std::min(rows, m - r);
      const int64_t cut = 32 * (1 + r / rows % 4);
      Multiply(args, 0, cut);
      Multiply(args, cut, n);
    }
    ExpectSameBits(pieces, whole);
  }
}

TEST_P(SegmentsTest, WhatIsNotFiniteStaysInItsRow) {
  Random random(6);
  const PackedWeights w(random, DType::kQ4_0, 48, 256);
  Matrix x = Matrix::Normal(random, 20, 256);
  Matrix clean(20, 48), tainted(20, 48);
  Multiply(w.Args(x, clean, 128), 0, 48);
  x.at(2, 100) = NAN;
  x.at(7, 0) = INFINITY;
  x.at(9, 33) = -2e30f;
  x.at(17, 255) = -INFINITY;
  Multiply(w.Args(x, tainted, 128), 0, 48);
  for (int64_t i = 0; i < 20; ++i) {
    const bool bad = i == 2 || i == 7 || i == 9 || i == 17;
    for (int64_t j = 0; j < 48; ++j) {
      if (bad) {
        ASSERT_TRUE(std::isnan(tainted.at(i, j))) << i << " " << j;
      } else {
        ASSERT_EQ(tainted.at(i, j), clean.at(i, j)) << i << " " << j;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, SegmentsTest,
                         ::testing::ValuesIn(IsasWithSegments()),
                         testing::IsaTestName);

// What the oracle itself may differ by from the product of decoded weights: a
// code is off by half, and by what its factor and its lowest value were rounded
// by, (31 + 1) / 2 parts of 2^8 at most, of a scale that is the largest value
// its codes could stand for over 127; likewise x by half of its largest over
// 127. Errors of either sign make some 1024^-1/2 of the sum of the worst, a
// fourth of it at the most.
TEST(Segments, OracleIsNearTheDecodedProduct) {
  for (const DType dtype : kPanelTypes) {
    Random random(static_cast<uint32_t>(dtype));
    const PackedWeights w(random, dtype, 20, 1024);
    const Matrix x = Matrix::Normal(random, 3, 1024);
    Matrix y(3, 20);
    reference::MatMulSegments(w.Args(x, y, 128), 0, 20);
    for (int64_t n = 0; n < 20; ++n) {
      const std::vector<float> row = w.blocks().Decoded(n);
      const double w_error = w.LargestOf(n) / 127 * (0.5 + 16.0 / 256);
      for (int64_t m = 0; m < 3; ++m) {
        double sum = 0, worst = 0;
        for (int64_t k = 0; k < 1024; k += 128) {
          double largest = 0;
          for (int64_t i = k; i < k + 128; ++i) {
            largest = std::max(largest, std::abs(double{x.at(m, i)}));
          }
          const double x_error = 0.5 * largest / 127;
          for (int64_t i = k; i < k + 128; ++i) {
            const double v = row[static_cast<size_t>(i)];
            sum += v * x.at(m, i);
            worst += w_error * (std::abs(double{x.at(m, i)}) + x_error) +
                     x_error * std::abs(v);
          }
        }
        ASSERT_NEAR(y.at(m, n), sum, worst / 4)
            << DTypeName(dtype) << " m " << m << " n " << n;
      }
    }
  }
}

// Ops take them for a product that allows segments, and else the exact one.
TEST(Segments, OpsAskForThem) {
  ThreadPool pool(3);
  Random random(11);
  const PackedWeights w(random, DType::kQ4_0, 300, 512);
  const Matrix x = Matrix::Normal(random, 70, 512);
  for (const std::string& isa : AvailableIsas()) {
    SCOPED_TRACE(isa);
    const bool has = GetKernels(isa).segments != nullptr;
    Matrix exact(70, 300), rounded(70, 300), two_terms(70, 300);
    const Ops ops(GetKernels(isa), pool);
    ops.MatMul(w.Args(x, exact, 0));
    ops.MatMul(w.Args(x, rounded, 256));
    EXPECT_EQ(has, exact.at(3, 7) != rounded.at(3, 7));
    if (has) {
      Matrix expected(70, 300);
      reference::MatMulSegments(w.Args(x, expected, 256), 0, 300);
      ExpectSameBits(rounded, expected);
    } else {
      ExpectSameBits(rounded, exact);
    }
    // Activations of 16 bits are there to be exact.
    const Ops two(GetKernels(isa), pool, nullptr, 16);
    Matrix plain(70, 300);
    two.MatMul(w.Args(x, plain, 0));
    two.MatMul(w.Args(x, two_terms, 256));
    ExpectSameBits(two_terms, plain);
  }
}

}  // namespace
}  // namespace llamba

#include "kernels/panels/panels.h"

#include <gtest/gtest.h>

#include "formats/formats.h"
#include "kernels/kernel_testing.h"
#include "kernels/panels/panels_testing.h"
#include "kernels/reference/reference.h"

namespace llamba {
namespace {

using testing::BlockWeights;
using testing::kPanelTypes;
using testing::Matrix;
using testing::Random;

// Activations in 8 bits and what holds them.
class Activations {
 public:
  Activations(const KernelTable& kernels, const Matrix& x)
      : Activations(kernels, x, 0, x.rows()) {}
  // Of rows [first, first + count).
  Activations(const KernelTable& kernels, const Matrix& x, int64_t first,
              int64_t count)
      : codes_(Size(x, 1)),
        scales_(Size(x, 32)),
        sums_(Size(x, 32)),
        zeros_(Size(x, 32)),
        less_8_(Size(x, 32)),
        less_128_(Size(x, 32)) {
    rows_ = {count,        x.cols(),       codes_.data(),    scales_.data(),
             sums_.data(), less_8_.data(), less_128_.data(), zeros_.data()};
    kernels.quantize_rows({x.data() + first * x.stride(), x.stride(), rows_}, 0,
                          count);
  }
  const QuantizedRows& rows() const { return rows_; }

 private:
  static size_t Size(const Matrix& x, int64_t per) {
    return static_cast<size_t>(x.rows() * x.cols() / per);
  }
  std::vector<int8_t> codes_;
  std::vector<float> scales_, sums_, zeros_;
  std::vector<int32_t> less_8_, less_128_;
  QuantizedRows rows_;
};

PanelMatMulArgs Args(const BlockWeights& w,
                     const std::vector<std::byte>& packed,
                     const QuantizedRows& x, Matrix& y) {
  const PanelShape shape(w.dtype(), w.cols());
  PanelMatMulArgs args;
  args.dtype = w.dtype();
  args.rows = w.rows();
  args.panels = packed.data();
  args.panel_bytes = shape.bytes;
  args.codes_offset = shape.codes_offset;
  args.x = x;
  args.y = y.data();
  args.y_stride = y.stride();
  return args;
}

int64_t Panels(const BlockWeights& w) {
  return (w.rows() + kPanelRows - 1) / kPanelRows;
}

TEST(Panels, RowsComeBackAsTheyWere) {
  Random random(1);
  for (const DType dtype : kPanelTypes) {
    for (const int64_t rows : {1, 16, 37}) {
      const BlockWeights w(random, dtype, rows, 512);
      const std::vector<std::byte> packed = w.Packed();
      const PanelShape shape(dtype, w.cols());
      std::vector<float> row(512);
      for (int64_t r = 0; r < rows; ++r) {
        UnpackPanelRow(dtype, packed.data() + r / 16 * shape.bytes, r % 16,
                       row);
        ASSERT_EQ(row, w.Decoded(r)) << DTypeName(dtype) << " row " << r;
      }
    }
  }
}

TEST(Panels, RowsBeyondTheLastAreZero) {
  Random random(2);
  for (const DType dtype : kPanelTypes) {
    const BlockWeights w(random, dtype, 5, 256);
    const std::vector<std::byte> packed = w.Packed();
    std::vector<float> row(256, 1);
    UnpackPanelRow(dtype, packed.data(), 5, row);
    EXPECT_EQ(row, std::vector<float>(256, 0)) << DTypeName(dtype);
  }
}

TEST(Panels, OnlyBlockTypesHaveThem) {
  for (const DType dtype : kPanelTypes) EXPECT_TRUE(HasPanels(dtype));
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kQ6_K}) {
    EXPECT_FALSE(HasPanels(dtype));
  }
}

class PanelTest : public testing::IsaTest {
 protected:
  // |error| <= depth u sum over k of |x w|, with both parts of a value of the
  // types that have a minimum: each block's term is rounded when scaled and
  // when added (twice with a minimum), its scale's product once more.
  void Check(DType dtype, int64_t m, int64_t n, int64_t k) {
    SCOPED_TRACE(::testing::Message()
                 << DTypeName(dtype) << " M " << m << " N " << n << " K " << k);
    Random random(static_cast<uint32_t>(m * 131 + n * 17 + k));
    const BlockWeights w(random, dtype, n, k);
    const std::vector<std::byte> packed = w.Packed();
    const Matrix x = Matrix::Normal(random, m, k);
    const Activations own(kernels(), x);
    const Activations a(reference::Kernels(), x);
    Matrix y(m, n), expected(m, n);
    kernels().matmul_panels(Args(w, packed, own.rows(), y), 0, Panels(w));
    reference::MatMulPanels(Args(w, packed, a.rows(), expected), 0, Panels(w));
    y.ExpectWrittenExactly();
    const double depth = 2 * static_cast<double>(k) / 32 + 4;
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        const double norm = Norm(w, a.rows(), i, j);
        ASSERT_NEAR(y.at(i, j), expected.at(i, j),
                    depth * testing::kRound * norm)
            << "m " << i << " n " << j;
      }
    }
  }

 private:
  // The largest that the parts of a sum can be: codes reach 31 of a scale, and
  // values with a minimum may cancel it.
  static double Norm(const BlockWeights& w, const QuantizedRows& x, int64_t m,
                     int64_t n) {
    const std::vector<float> row = w.Decoded(n);
    double norm = 0;
    for (int64_t b = 0; b < w.cols() / 32; ++b) {
      double largest = 0;
      double activations = 0;
      for (int64_t i = b * 32; i < b * 32 + 32; ++i) {
        largest =
            std::max(largest, std::abs(double{row[static_cast<size_t>(i)]}));
        activations += std::abs(x.codes[m * w.cols() + i]);
      }
      norm += 2 * largest * activations * x.scales[m * w.cols() / 32 + b];
    }
    return norm;
  }
};

TEST_P(PanelTest, EveryTypeAndShape) {
  for (const DType dtype : kPanelTypes) {
    const int64_t block = GetBlockSize(dtype).elements;
    for (const int64_t m : {1, 2, 3, 5, 6, 11, 16, 17, 40}) {
      Check(dtype, m, 37, 3 * block);
    }
    for (const int64_t n : {1, 8, 9, 16, 31, 200}) Check(dtype, 3, n, 768);
    Check(dtype, 33, 16, 2048);
  }
}

// So many columns that kernels take few rows at a time.
TEST_P(PanelTest, LongRows) {
  for (const DType dtype : {DType::kQ4_0, DType::kQ4_K}) {
    Check(dtype, 48, 3, 131'072);
  }
}

TEST_P(PanelTest, BiasAndAccumulate) {
  Random random(7);
  for (const int64_t m : {1, 3, 20}) {
    const BlockWeights w(random, DType::kQ4_0, 43, 96);
    const std::vector<std::byte> packed = w.Packed();
    const Matrix x = Matrix::Normal(random, m, 96);
    const Activations a(kernels(), x);
    const std::vector<float> bias = random.Normals(43, 3);
    Matrix plain(m, 43);
    kernels().matmul_panels(Args(w, packed, a.rows(), plain), 0, 3);
    Matrix y = Matrix::Normal(random, m, 43, 3);
    const Matrix before = y;
    PanelMatMulArgs args = Args(w, packed, a.rows(), y);
    args.bias = bias.data();
    args.accumulate = true;
    kernels().matmul_panels(args, 0, 3);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < 43; ++j) {
        const double b = bias[static_cast<size_t>(j)];
        const double sum = double{plain.at(i, j)} + b + before.at(i, j);
        // Two more additions, each rounded, and the plain result's rounding.
        const double norm =
            std::abs(plain.at(i, j)) + std::abs(b) + std::abs(before.at(i, j));
        ASSERT_NEAR(y.at(i, j), sum, 3 * testing::kRound * norm);
      }
    }
  }
}

// One product of all rows against every other way to the same elements.
TEST_P(PanelTest, BitsDependOnNeitherRowsNorRange) {
  for (const DType dtype : kPanelTypes) {
    Random random(static_cast<uint32_t>(dtype));
    const int64_t m = 53, n = 150;
    const BlockWeights w(random, dtype, n, 768);
    const std::vector<std::byte> packed = w.Packed();
    Matrix x = Matrix::Normal(random, m, 768);
    for (int64_t k = 0; k < 768; ++k) {
      x.at(5, k) *= 3e-20f;
      x.at(20, k) *= 1e28f;
    }
    const Activations all(kernels(), x);
    Matrix whole(m, n);
    kernels().matmul_panels(Args(w, packed, all.rows(), whole), 0, Panels(w));
    for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 13, 16, 18, 32}) {
      Matrix pieces(m, n);
      for (int64_t r = 0; r < m; r += rows) {
        const Activations some(kernels(), x, r, std::min(rows, m - r));
        PanelMatMulArgs args = Args(w, packed, some.rows(), pieces);
        args.y += r * pieces.stride();
        const int64_t cut = 1 + (r + rows) % (Panels(w) - 1);
        kernels().matmul_panels(args, 0, cut);
        kernels().matmul_panels(args, cut, Panels(w));
      }
      ExpectSameBits(pieces, whole);
    }
  }
}

TEST_P(PanelTest, ActivationsInEightBits) {
  Random random(5);
  Matrix x = Matrix::Normal(random, 7, 160);
  for (int64_t k = 32; k < 64; ++k) x.at(2, k) = 0;
  for (int64_t k = 0; k < 32; ++k) x.at(3, k) *= 1e-33f;
  for (int64_t k = 0; k < 32; ++k) x.at(4, k) = static_cast<float>(k) - 15.5f;
  const Activations a(kernels(), x);
  const Activations b(reference::Kernels(), x);
  const auto count = static_cast<size_t>(7 * 160);
  EXPECT_EQ(0, std::memcmp(a.rows().codes, b.rows().codes, count));
  EXPECT_EQ(0, std::memcmp(a.rows().scales, b.rows().scales, count / 32 * 4));
  EXPECT_EQ(0, std::memcmp(a.rows().sums, b.rows().sums, count / 32 * 4));
  EXPECT_EQ(0, std::memcmp(a.rows().less_8, b.rows().less_8, count / 32 * 4));
  EXPECT_EQ(0,
            std::memcmp(a.rows().less_128, b.rows().less_128, count / 32 * 4));
}

TEST_P(PanelTest, WhatIsNotFiniteTaintsItsScale) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    Matrix x(1, 64);
    for (int64_t k = 0; k < 64; ++k) x.at(0, k) = 1;
    x.at(0, 40) = bad;
    const Activations a(kernels(), x);
    EXPECT_EQ(a.rows().scales[0], 1.25f / 128);
    EXPECT_TRUE(std::isnan(a.rows().scales[1]));
  }
}

// One row among them taints its own outputs, and no other's.
TEST_P(PanelTest, WhatIsNotFiniteStaysInItsRow) {
  Random random(6);
  const BlockWeights w(random, DType::kQ4_0, 48, 256);
  const std::vector<std::byte> packed = w.Packed();
  Matrix x = Matrix::Normal(random, 20, 256);
  Matrix clean(20, 48), tainted(20, 48);
  const Activations before(kernels(), x);
  kernels().matmul_panels(Args(w, packed, before.rows(), clean), 0, 3);
  x.at(2, 100) = NAN;
  x.at(7, 0) = INFINITY;
  x.at(9, 33) = -2e30f;
  x.at(17, 255) = -INFINITY;
  const Activations after(kernels(), x);
  kernels().matmul_panels(Args(w, packed, after.rows(), tainted), 0, 3);
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

// Their products with weights' scales, of 17 bits at most, are exact then.
TEST_P(PanelTest, ScalesHaveThreeBits) {
  Random random(8);
  Matrix x = Matrix::Normal(random, 1, 32 * 64);
  const Activations a(kernels(), x);
  for (int64_t b = 0; b < 64; ++b) {
    float max = 0;
    for (int64_t k = 0; k < 32; ++k) {
      max = std::max(max, std::abs(x.at(0, 32 * b + k)));
    }
    const float scale = a.rows().scales[b];
    int exponent = 0;
    const float eighths = 8 * std::frexp(scale, &exponent);
    EXPECT_EQ(eighths, std::round(eighths)) << scale;
    EXPECT_GE(scale, max / 127);
    EXPECT_LT(scale, 1.25f * (max / 127));
  }
}

// Those that fuse multiply-adds differ in how they make what is exact alone.
TEST(Panels, VectorsAndTilesMakeTheSameBits) {
  std::vector<std::string> isas;
  for (const std::string& isa : AvailableIsas()) {
    for (const char* fused : {"amx", "avx512", "avxvnni", "avx2"}) {
      if (isa == fused) isas.push_back(isa);
    }
  }
  for (const DType dtype : kPanelTypes) {
    for (const int64_t m : {3, 16, 70}) {
      Random random(static_cast<uint32_t>(m));
      const BlockWeights w(random, dtype, 83, 768);
      const std::vector<std::byte> packed = w.Packed();
      const Matrix x = Matrix::Normal(random, m, 768);
      Matrix first(m, 83);
      for (const std::string& isa : isas) {
        SCOPED_TRACE(isa);
        Matrix y(m, 83);
        const Activations own(GetKernels(isa), x);
        GetKernels(isa).matmul_panels(Args(w, packed, own.rows(), y), 0,
                                      Panels(w));
        if (isa == isas.front()) first = y;
        ExpectSameBits(y, first);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, PanelTest, ::testing::ValuesIn(AvailableIsas()),
                         testing::IsaTestName);

}  // namespace
}  // namespace llamba

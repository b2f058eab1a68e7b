#include <pthread.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/cpu_features.h"
#include "kernels/matmul_testing.h"
#include "kernels/ops.h"
#include "kernels/reference/reference.h"

namespace llamba {
namespace {

using testing::Matrix;
using testing::Random;
using testing::Weights;

std::vector<std::string> IsasWithBf16() {
  std::vector<std::string> isas;
  for (const std::string& isa : AvailableIsas()) {
    if (GetKernels(isa).bf16 != nullptr) isas.push_back(isa);
  }
  return isas;
}

class Bf16Test : public testing::IsaTest {
 protected:
  void Multiply(const MatMulArgs& args, int64_t n_begin, int64_t n_end) const {
    testing::Multiply(*kernels().bf16, args, n_begin, n_end);
  }

  // Rounded operations on the way to a sum of k products in the longest of the
  // orders: chains of 16 within 32 columns, two roundings each for these,
  // lanes, bias and result.
  static double Depth(int64_t k) {
    return 2 * std::ceil(static_cast<double>(k) / 32) + 16 + 4 + 2;
  }

  void Check(int64_t m, int64_t n, int64_t k) {
    Random random(static_cast<uint32_t>(m * 131 + n * 17 + k));
    const Weights w(random, DType::kBF16, n, k, 1);
    const Matrix x = Matrix::Normal(random, m, k);
    Matrix y(m, n), expected(m, n);
    Multiply(Args(w, x, y), 0, n);
    reference::MatMulBf16(Args(w, x, expected), 0, n);
    y.ExpectWrittenExactly();
    // Rounding makes no factor larger by more than its 256th part.
    ExpectClose(Args(w, x, y), w, x, y, expected, Depth(k) * (1 + 0x1p-8), 0);
  }
};

TEST_P(Bf16Test, OddShapes) {
  for (const int64_t k : {1, 3, 31, 32, 33, 63, 65, 100, 511, 576, 1408}) {
    for (const int64_t m : {1, 2, 3, 5, 7, 8, 11, 16, 40}) Check(m, 13, k);
  }
  for (const int64_t n : {1, 2, 7, 8, 9, 16, 31, 70}) {
    for (const int64_t m : {1, 4, 6, 13, 17, 33}) Check(m, n, 65);
  }
  Check(230, 39, 4500);  // several blocks of everything
  Check(530, 290, 520);
  Check(3, 40, 8200);
  for (const int64_t n : {3, 21, 75}) Check(1, n, 8200);
  Check(400, 5, 2000);
}

// x times 1 is x rounded.
TEST_P(Bf16Test, RoundsToTheNearest) {
  const float values[] = {1,
                          -1,
                          0x1.01p0f,          // between two, the lower even
                          0x1.03p0f,          // between two, the upper even
                          0x1.010002p0f,      // just above half
                          -0x1.02fffep0f,     // just below
                          0x1.fffffep3f,      // up to the next power
                          0x1.fffffep127f,    // up to infinity
                          0x1p-126f,          // the least normal number
                          -0x1.fffffcp-127f,  // subnormal
                          INFINITY};
  Random random(1);
  const uint16_t bits = 0x3f80;  // 1
  const MatrixView w = {DType::kBF16, 1, 1,
                        reinterpret_cast<const std::byte*>(&bits), 2};
  const auto count = static_cast<int64_t>(std::size(values));
  for (const int64_t rows : {int64_t{1}, count}) {
    for (int64_t first = 0; first + rows <= count; first += rows) {
      Matrix x(rows, 1), y(rows, 1), expected(rows, 1);
      for (int64_t m = 0; m < rows; ++m) x.at(m, 0) = values[first + m];
      MatMulArgs args = {w,       x.data(), x.stride(), rows,
                         nullptr, y.data(), y.stride(), false};
      Multiply(args, 0, 1);
      args.y = expected.data();
      reference::MatMulBf16(args, 0, 1);
      for (int64_t m = 0; m < rows; ++m) {
        EXPECT_EQ(y.at(m, 0), expected.at(m, 0)) << values[first + m];
      }
    }
  }
}

TEST_P(Bf16Test, WhatIsNoNumberStaysNone) {
  Random random(2);
  for (const int64_t m : {1, 20}) {
    const Weights w(random, DType::kBF16, 5, 70, 1);
    Matrix x = Matrix::Normal(random, m, 70), y(m, 5);
    x.at(m - 1, 69) = std::numeric_limits<float>::quiet_NaN();
    Multiply(Args(w, x, y), 0, 5);
    for (int64_t n = 0; n < 5; ++n) {
      EXPECT_TRUE(std::isnan(y.at(m - 1, n)));
      if (m > 1) {
        EXPECT_FALSE(std::isnan(y.at(m - 2, n)));
      }
    }
  }
}

TEST_P(Bf16Test, BiasAndAccumulate) {
  Random random(7);
  for (const int64_t m : {1, 3, 12, 40}) {
    const Weights w(random, DType::kBF16, 21, 70, 1);
    const Matrix x = Matrix::Normal(random, m, 70);
    const std::vector<float> bias = random.Normals(21, 3);
    Matrix plain(m, 21);
    Multiply(Args(w, x, plain), 0, 21);
    Matrix y = Matrix::Normal(random, m, 21, 3);
    const Matrix before = y;
    MatMulArgs args = Args(w, x, y);
    args.bias = bias.data();
    args.accumulate = true;
    Multiply(args, 0, 21);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < 21; ++j) {
        // The same two float32 additions.
        const float sum = plain.at(i, j) + bias[static_cast<size_t>(j)];
        ASSERT_EQ(y.at(i, j), before.at(i, j) + sum) << i << " " << j;
      }
    }
  }
}

// No columns: bias alone, or zero.
TEST_P(Bf16Test, NoColumns) {
  Random random(9);
  const Weights w(random, DType::kBF16, 9, 0, 1);
  for (const int64_t m : {1, 2, 20}) {
    const Matrix x(m, 0);
    Matrix y(m, 9);
    Multiply(Args(w, x, y), 0, 9);
    y.ExpectWrittenExactly();
    EXPECT_EQ(y.at(m - 1, 8), 0);
  }
}

// One product of all rows against every other way to the same elements.
TEST_P(Bf16Test, BitsDependOnNeitherRowsNorRange) {
  for (const int64_t k : {5, 64, 700, 2100, 8200}) {
    Random random(static_cast<uint32_t>(k));
    const int64_t m = 101, n = 77;
    const Weights w(random, DType::kBF16, n, k, 1);
    const Matrix x = Matrix::Normal(random, m, k);
    Matrix whole(m, n);
    Multiply(Args(w, x, whole), 0, n);
    for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 13, 15, 16, 17, 100}) {
      SCOPED_TRACE(::testing::Message() << "K " << k << ", rows " << rows);
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

// Where sums and products are subnormal, too.
TEST_P(Bf16Test, BitsOfTheLeastNumbersDependOnNoRow) {
  Random random(8);
  const Weights w(random, DType::kBF16, 33, 200, 1e-19f);
  const Matrix x = Matrix::Normal(random, 20, 200, 1e-19f);
  Matrix whole(20, 33), apart(20, 33);
  Multiply(Args(w, x, whole), 0, 33);
  for (int64_t m = 0; m < 20; ++m) {
    MatMulArgs args = Args(w, x, apart);
    args.x += m * x.stride();
    args.y += m * apart.stride();
    args.m = 1;
    Multiply(args, 0, 33);
  }
  ExpectSameBits(apart, whole);
}

TEST_P(Bf16Test, RangeTouchesNothingElse) {
  testing::ExpectRangeTouchesNothingElse(
      [this](const MatMulArgs& args, int64_t n_begin, int64_t n_end) {
        Multiply(args, n_begin, n_end);
      });
}

// The sums of even and of odd columns, 32 at a time, as amx.cc has them.
float SumOfTiles(const std::vector<float>& x, const std::vector<float>& w) {
  float sum = 0;
  for (size_t k = 0; k < x.size(); k += 32) {
    float even = 0, odd = 0;
    for (size_t i = k; i < std::min(k + 32, x.size()); i += 2) {
      even = std::fma(x[i], w[i], even);
      if (i + 1 < x.size()) odd = std::fma(x[i + 1], w[i + 1], odd);
    }
    sum += even + odd;
  }
  return sum;
}

TEST(Bf16Tiles, SumInTheirOrder) {
  if (!GetCpuFeatures().amx_bf16) GTEST_SKIP() << "no tiles of bf16 here";
  const ArrangedProducts& bf16 = *GetKernels("amx").bf16;
  Random random(6);
  const int64_t rows = 20, cols = 777;
  const Weights w(random, DType::kBF16, 40, cols, 1);
  const Weights values(random, DType::kBF16, rows, cols, 1);
  for (const int64_t m : {int64_t{1}, int64_t{3}, rows}) {
    Matrix x(m, cols), y(m, 40);
    for (int64_t i = 0; i < m; ++i) {
      const std::vector<float> row = values.Decoded(i);
      std::copy(row.begin(), row.end(), &x.at(i, 0));
    }
    testing::Multiply(bf16, Args(w, x, y), 0, 40);
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t n = 0; n < 40; ++n) {
        ASSERT_EQ(y.at(i, n), SumOfTiles(values.Decoded(i), w.Decoded(n)));
      }
    }
  }
}

// Activations of 8 bits are bf16 here, of 16 bits float32.
TEST_P(Bf16Test, OpsChooseByActivationBits) {
  Random random(4);
  ThreadPool pool(2);
  const Weights w(random, DType::kBF16, 333, 500, 1);
  for (const int64_t m : {1, 21}) {
    const Matrix x = Matrix::Normal(random, m, 500);
    Matrix short_y(m, 333), long_y(m, 333), expected(m, 333);
    Ops(kernels(), pool, nullptr, 8).MatMul(Args(w, x, short_y));
    Multiply(Args(w, x, expected), 0, 333);
    ExpectSameBits(short_y, expected);
    Ops(kernels(), pool, nullptr, 16).MatMul(Args(w, x, long_y));
    testing::Multiply(*kernels().float32, Args(w, x, expected), 0, 333);
    ExpectSameBits(long_y, expected);
  }
}

void* Call(void* function) {
  (*static_cast<std::function<void()>*>(function))();
  return nullptr;
}

// Threads have 128 KiB with some C libraries, half a megabyte on some systems.
TEST_P(Bf16Test, FitsOnASmallStack) {
  Random random(7);
  ThreadPool pool(1);
  const Weights w(random, DType::kBF16, 70, 3000, 1);
  for (const int64_t m : {1, 40}) {
    const Matrix x = Matrix::Normal(random, m, 3000);
    Matrix y(m, 70), expected(m, 70);
    std::function<void()> multiply = [&] {
      Ops(kernels(), pool, nullptr, 8).MatMul(Args(w, x, y));
    };
    pthread_attr_t small;
    pthread_attr_init(&small);
    ASSERT_EQ(pthread_attr_setstacksize(&small, 128 << 10), 0);
    pthread_t thread;
    ASSERT_EQ(pthread_create(&thread, &small, Call, &multiply), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&small);
    Multiply(Args(w, x, expected), 0, 70);
    ExpectSameBits(y, expected);
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Bf16Test);
INSTANTIATE_TEST_SUITE_P(Isas, Bf16Test, ::testing::ValuesIn(IsasWithBf16()),
                         testing::IsaTestName);

}  // namespace
}  // namespace llamba

#include "kernels/kernel_testing.h"
#include "kernels/reference/reference.h"

// Norm, gates and rotation: the ops that work on rows alone.

namespace llamba {
namespace {

using testing::Matrix;
using testing::Random;

constexpr int64_t kWidths[] = {1, 3, 7, 8, 17, 63, 65, 100, 576, 1408};

class RowwiseTest : public testing::IsaTest {};

// The sum of squares has only positive terms, so its relative error is at most
// its depth (four chains; the depth of one bounds them) times u, the root
// halves it, and four more operations follow.
TEST_P(RowwiseTest, RmsNorm) {
  for (const int64_t d : kWidths) {
    Random random(static_cast<uint32_t>(d));
    Matrix x = Matrix::Normal(random, 5, d);
    for (int64_t i = 0; i < d; ++i) {
      x.at(1, i) *= 1e-4f;  // eps weighs
      x.at(2, i) *= 1e6f;
      x.at(3, i) = 0;
    }
    const std::vector<float> weight = random.Normals(d);
    Matrix y(5, d), expected(5, d);
    RmsNormArgs args = {.x = x.data(),
                        .x_stride = x.stride(),
                        .weight = weight.data(),
                        .d = d,
                        .eps = 1e-5f,
                        .y = y.data(),
                        .y_stride = y.stride()};
    kernels().rms_norm(args, 0, 5);
    args.y = expected.data();
    reference::RmsNorm(args, 0, 5);
    y.ExpectWrittenExactly();
    const double relative = (Depth(d) / 2 + 6) * testing::kRound;
    for (int64_t m = 0; m < 5; ++m) {
      for (int64_t i = 0; i < d; ++i) {
        ASSERT_NEAR(y.at(m, i), expected.at(m, i),
                    relative * std::abs(expected.at(m, i)))
            << "d " << d << " row " << m;
      }
    }
  }
}

// Values over the whole range where the functions bend, and far outside.
Matrix Arguments(int64_t rows, int64_t n) {
  const float far[] = {100, -100, 1e4f, -1e4f, 88,     -88,     89, -89,
                       104, -104, 105,  -105,  1e-30f, -1e-30f, 0,  -0.0f};
  Matrix x(rows, n);
  for (int64_t i = 0; i < rows * n; ++i) {
    x.at(i / n, i % n) = i % 5 == 0 ? far[i / 5 % 16]
                                    : -16 + 32 * static_cast<float>(i) /
                                                static_cast<float>(rows * n);
  }
  return x;
}

// Exp is good to 2 u relatively, the operations around it to one u each: 8 u of
// the value; where a bias is added first, the argument's u moves it by |x| u.
// GELU moves more: the argument of its exponential, about -x^2 / 2, is off by
// up to 5 u relatively and the polynomial beside it by 20 u, so that |x|
// exp(-x^2 / 2) / 2, which bounds what is taken from max(x, 0), is off by (20
// + 2.5 x^2) u. Tails below 1e-36 may flush to zero.
void ExpectActivation(double actual, double expected, double x, double up) {
  const double tail = std::abs(x) * std::exp(-x * x / 2) / 2;
  const double gelu = std::isfinite(x * x) ? tail * (20 + 2.5 * x * x) : 0;
  ASSERT_NEAR(actual, expected,
              testing::kRound * ((8 + std::abs(x)) * std::abs(expected) +
                                 gelu * std::abs(up)) +
                  1e-36)
      << "x " << x;
}

TEST_P(RowwiseTest, Glu) {
  for (const auto activation :
       {Activation::kIdentity, Activation::kSilu, Activation::kGelu,
        Activation::kGeluTanh, Activation::kRelu}) {
    for (const int64_t n : kWidths) {
      const Matrix x = Arguments(3, n);
      Random random(2);
      const Matrix up = Matrix::Normal(random, 3, n);
      Matrix gate = x;
      kernels().glu({.gate = gate.data(),
                     .gate_stride = gate.stride(),
                     .up = up.data(),
                     .up_stride = up.stride(),
                     .n = n,
                     .activation = activation},
                    0, 3);
      gate.ExpectWrittenExactly();
      for (int64_t m = 0; m < 3; ++m) {
        for (int64_t i = 0; i < n; ++i) {
          const double value = reference::Activate(activation, x.at(m, i));
          ExpectActivation(gate.at(m, i), value * up.at(m, i), x.at(m, i),
                           up.at(m, i));
        }
      }
    }
  }
}

TEST_P(RowwiseTest, Gate) {
  for (const int64_t n : kWidths) {
    const Matrix z = Arguments(3, n);
    Random random(4);
    const Matrix y = Matrix::Normal(random, 3, n);
    const std::vector<float> bias = random.Normals(n);
    for (const bool with_bias : {false, true}) {
      Matrix out = y;
      kernels().gate({.y = out.data(),
                      .y_stride = out.stride(),
                      .z = z.data(),
                      .z_stride = z.stride(),
                      .z_bias = with_bias ? bias.data() : nullptr,
                      .n = n},
                     0, 3);
      out.ExpectWrittenExactly();
      for (int64_t m = 0; m < 3; ++m) {
        for (int64_t i = 0; i < n; ++i) {
          const float b = with_bias ? bias[static_cast<size_t>(i)] : 0;
          const double x = z.at(m, i) + b;  // rounded, as every kernel does
          const double value =
              reference::Activate(Activation::kSilu, static_cast<float>(x));
          ExpectActivation(out.at(m, i), value * y.at(m, i), x, y.at(m, i));
        }
      }
    }
  }
}

TEST_P(RowwiseTest, Rope) {
  for (const int64_t head_dim : {2, 6, 14, 34, 64, 126, 128}) {
    Random random(static_cast<uint32_t>(head_dim));
    const int64_t half = head_dim / 2;
    const Matrix x = Matrix::Normal(random, 4, 3 * head_dim);
    std::vector<float> cosines, sines;
    for (int64_t i = 0; i < 4 * half; ++i) {
      cosines.push_back(std::cos(static_cast<float>(i)));
      sines.push_back(std::sin(static_cast<float>(i)));
    }
    Matrix y = x, expected = x;
    RopeArgs args = {.x = y.data(),
                     .x_stride = y.stride(),
                     .n_heads = 3,
                     .head_dim = head_dim,
                     .cos = cosines.data(),
                     .sin = sines.data()};
    kernels().rope(args, 0, 4);
    args.x = expected.data();
    reference::Rope(args, 0, 4);
    y.ExpectWrittenExactly();
    for (int64_t m = 0; m < 4; ++m) {
      for (int64_t i = 0; i < 3 * head_dim; ++i) {
        // Two products of values below 6 and 1, one sum.
        ASSERT_NEAR(y.at(m, i), expected.at(m, i), 4 * testing::kRound * 12);
      }
    }
  }
}

// Rows alone, in any range, give the same bits.
TEST_P(RowwiseTest, BitsDependOnNoOtherRow) {
  Random random(6);
  const int64_t n = 77;
  const Matrix x = Matrix::Normal(random, 7, n);
  const Matrix up = Matrix::Normal(random, 7, n);
  Matrix whole = x, rows = x;
  GluArgs args = {.gate = whole.data(),
                  .gate_stride = whole.stride(),
                  .up = up.data(),
                  .up_stride = up.stride(),
                  .n = n,
                  .activation = Activation::kGelu};
  kernels().glu(args, 0, 7);
  args.gate = rows.data();
  for (int64_t m = 6; m >= 0; --m) kernels().glu(args, m, m + 1);
  ExpectSameBits(whole, rows);
}

// Values from tables: erf(1 / sqrt 2) = 0.6826894921, sigmoid(1) =
// 0.7310585786, and PyTorch's gelu(approximate="tanh").
TEST(ReferenceActivation, KnownValues) {
  EXPECT_NEAR(reference::Activate(Activation::kGelu, 1), 0.8413447461, 1e-10);
  EXPECT_NEAR(reference::Activate(Activation::kSilu, 1), 0.7310585786, 1e-10);
  EXPECT_NEAR(reference::Activate(Activation::kGeluTanh, 1), 0.8411919906,
              1e-9);
  EXPECT_NEAR(reference::Activate(Activation::kSilu, 1.278464542761), 1,
              1e-12);  // SPEC 5: an open gate
  EXPECT_EQ(reference::Activate(Activation::kRelu, -2), 0);
  EXPECT_EQ(reference::Activate(Activation::kIdentity, -2), -2);
}

INSTANTIATE_TEST_SUITE_P(Isas, RowwiseTest,
                         ::testing::ValuesIn(AvailableIsas()),
                         testing::IsaTestName);

}  // namespace
}  // namespace llamba

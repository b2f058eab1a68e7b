#include "kernels/kernel_testing.h"
#include "kernels/reference/reference.h"

namespace llamba {
namespace {

using testing::Matrix;
using testing::Random;

struct Sequence {
  Sequence(int64_t tokens, int64_t channels, int64_t d_conv, uint32_t seed)
      : taps(d_conv), x(0, 0), weight(0, 0), state(0, 0), y(tokens, channels) {
    Random random(seed);
    x = Matrix::Normal(random, tokens, channels);
    weight = Matrix::Normal(random, 1, d_conv * channels);
    state = Matrix::Normal(random, 1, (d_conv - 1) * channels);
    bias = random.Normals(channels);
  }

  Conv1dArgs Args(int64_t first, int64_t count) {
    return {.n_tokens = count,
            .channels = x.cols(),
            .d_conv = taps,
            .x = x.data() + first * x.stride(),
            .x_stride = x.stride(),
            .weight = weight.data(),
            .bias = bias.empty() ? nullptr : bias.data(),
            .activation = activation,
            .state = state.data(),
            .y = y.data() + first * y.stride(),
            .y_stride = y.stride()};
  }
  Conv1dArgs Args() { return Args(0, x.rows()); }

  int64_t taps;
  Matrix x, weight, state, y;
  std::vector<float> bias;
  Activation activation = Activation::kIdentity;
};

class Conv1dTest : public testing::IsaTest {};

// A chain of d_conv + 1 terms, each of a size that 6 sigma bounds (5 x 5); silu
// has a slope of at most 1.1 and is good to a few u of its result.
TEST_P(Conv1dTest, AgreesWithReference) {
  for (const auto activation : {Activation::kIdentity, Activation::kSilu}) {
    for (const int64_t channels : {1, 3, 7, 17, 63, 65, 100}) {
      for (const int64_t taps : {1, 2, 4, 7}) {
        for (const int64_t tokens : {1, 2, 3, 5, 17}) {
          const auto seed = static_cast<uint32_t>(channels * 100 + taps);
          Sequence a(tokens, channels, taps, seed);
          a.activation = activation;
          if (channels % 2 == 0) a.bias.clear();
          Sequence b = a;
          kernels().conv1d(a.Args(), 0, channels);
          reference::Conv1d(b.Args(), 0, channels);
          a.y.ExpectWrittenExactly();
          ExpectSameBits(a.state, b.state);
          const double size = 25 * static_cast<double>(taps) + 5;
          const double bound =
              (static_cast<double>(taps) + 8) * testing::kRound * size;
          for (int64_t t = 0; t < tokens; ++t) {
            for (int64_t c = 0; c < channels; ++c) {
              ASSERT_NEAR(a.y.at(t, c), b.y.at(t, c), bound);
            }
          }
        }
      }
    }
  }
}

TEST_P(Conv1dTest, BitsDependOnNeitherCutsNorRange) {
  for (const int64_t taps : {1, 4, 6}) {
    const Sequence start(23, 37, taps, 8);
    Sequence whole = start;
    kernels().conv1d(whole.Args(), 0, 37);
    for (const int64_t piece : {1, 2, 3, 5, 22}) {
      Sequence cut = start;
      for (int64_t t = 0; t < 23; t += piece) {
        const Conv1dArgs args = cut.Args(t, std::min(piece, 23 - t));
        const int64_t middle = 1 + t % 36;
        kernels().conv1d(args, 0, middle);
        kernels().conv1d(args, middle, 37);
      }
      ExpectSameBits(cut.y, whole.y);
      ExpectSameBits(cut.state, whole.state);
    }
  }
}

TEST(ReferenceConv1d, LastTapMultipliesTheCurrentToken) {
  const float x[] = {1, 2, 3}, weight[] = {100, 10, 1}, bias[] = {0.5f};
  float state[] = {7, 8}, y[3];
  const Conv1dArgs args = {.n_tokens = 3,
                           .channels = 1,
                           .d_conv = 3,
                           .x = x,
                           .x_stride = 1,
                           .weight = weight,
                           .bias = bias,
                           .activation = Activation::kIdentity,
                           .state = state,
                           .y = y,
                           .y_stride = 1};
  reference::Conv1d(args, 0, 1);
  EXPECT_EQ(y[0], 781.5f);
  EXPECT_EQ(y[1], 812.5f);
  EXPECT_EQ(y[2], 123.5f);
  EXPECT_EQ(state[0], 2);
  EXPECT_EQ(state[1], 3);
}

INSTANTIATE_TEST_SUITE_P(Isas, Conv1dTest, ::testing::ValuesIn(AvailableIsas()),
                         testing::IsaTestName);

}  // namespace
}  // namespace llamba

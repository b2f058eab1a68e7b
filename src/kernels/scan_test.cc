#include "kernels/kernel_testing.h"
#include "kernels/reference/reference.h"

namespace llamba {
namespace {

using testing::Matrix;
using testing::Random;

struct Shape {
  int64_t tokens, v_heads, qk_heads, head_dim, d_state;
};

// One sequence with a state of its own, poisoned around.
struct Sequence {
  Sequence(const Shape& s, uint32_t seed, float a_sigma)
      : shape(s),
        xbc(0, 0),
        a_log(0, 0),
        state(0, 0),
        y(s.tokens, s.v_heads * s.head_dim) {
    Random random(seed);
    xbc = Matrix::Normal(random, s.tokens,
                         s.v_heads * s.head_dim + 2 * s.qk_heads * s.d_state);
    a_log = Matrix::Normal(random, s.tokens, s.v_heads, a_sigma);
    d = random.Normals(s.v_heads);
    // The state has no stride: a row of it all.
    state = Matrix::Normal(random, 1, s.v_heads * s.d_state * s.head_dim);
  }

  ScanArgs Args(int64_t first, int64_t count) {
    const int64_t width = shape.v_heads * shape.head_dim;
    const float* row = xbc.data() + first * xbc.stride();
    return {.n_tokens = count,
            .n_v_heads = shape.v_heads,
            .n_qk_heads = shape.qk_heads,
            .head_dim = shape.head_dim,
            .d_state = shape.d_state,
            .x = row,
            .b = row + width,
            .c = row + width + shape.qk_heads * shape.d_state,
            .xbc_stride = xbc.stride(),
            .a_log = a_log.data() + first * a_log.stride(),
            .a_log_stride = a_log.stride(),
            .d = d.data(),
            .state = state.data(),
            .y = y.data() + first * y.stride(),
            .y_stride = y.stride()};
  }
  ScanArgs Args() { return Args(0, shape.tokens); }

  Shape shape;
  Matrix xbc, a_log, state, y;
  std::vector<float> d;
};

double Decay(double a) { return 1 / (1 + std::exp(a)); }

// Bounds on the errors of one head against exact arithmetic, by the recurrence
// on absolute values that the rounded operations obey. In units of u: a decay
// is off by kDecay relatively, b x, the sum and the store round once each, so
//   E <- decay E + (kDecay + 2) decay |S| + 3 |b x|,
// and y adds a chain of N products and D x.
class Bound {
 public:
  Bound(const Sequence& s, int64_t head, const float* start)
      : s_(s),
        head_(head),
        size_(s.shape.d_state * s.shape.head_dim),
        state_(start, start + size_),
        error_(static_cast<size_t>(size_)) {
    for (double& v : state_) v = std::abs(v);
  }

  // Tolerance of y[t, p] for each p, after token t.
  std::vector<double> Step(int64_t t) {
    constexpr double kDecay = 6;
    const Shape& shape = s_.shape;
    const int64_t group = head_ / (shape.v_heads / shape.qk_heads);
    const float* x = &s_.xbc.data()[t * s_.xbc.stride()];
    const float* b = x + shape.v_heads * shape.head_dim + group * shape.d_state;
    const float* c = b + shape.qk_heads * shape.d_state;
    x += head_ * shape.head_dim;
    const double decay = Decay(s_.a_log.at(t, head_));
    std::vector<double> bound(static_cast<size_t>(shape.head_dim));
    for (int64_t n = 0; n < shape.d_state; ++n) {
      for (int64_t p = 0; p < shape.head_dim; ++p) {
        const auto i = static_cast<size_t>(n * shape.head_dim + p);
        const double input = std::abs(static_cast<double>(b[n]) * x[p]);
        error_[i] =
            decay * error_[i] + (kDecay + 2) * decay * state_[i] + 3 * input;
        state_[i] = decay * state_[i] + input;
        bound[static_cast<size_t>(p)] +=
            std::abs(c[n]) * (error_[i] + (shape.d_state + 3) * state_[i]);
      }
    }
    for (int64_t p = 0; p < shape.head_dim; ++p) {
      double& e = bound[static_cast<size_t>(p)];
      e = testing::kRound *
          (e + 3 * std::abs(static_cast<double>(s_.d[head_]) * x[p]));
    }
    return bound;
  }
  double StateError(int64_t i) const {
    return testing::kRound * (error_[static_cast<size_t>(i)] +
                              2 * state_[static_cast<size_t>(i)]);
  }

 private:
  const Sequence& s_;
  int64_t head_, size_;
  std::vector<double> state_, error_;
};

void ExpectClose(const Sequence& start, const Sequence& a, const Sequence& b) {
  const Shape& s = start.shape;
  const int64_t size = s.d_state * s.head_dim;
  for (int64_t h = 0; h < s.v_heads; ++h) {
    Bound bound(start, h, start.state.data() + h * size);
    for (int64_t t = 0; t < s.tokens; ++t) {
      const std::vector<double> tolerance = bound.Step(t);
      for (int64_t p = 0; p < s.head_dim; ++p) {
        // Twice: the other side rounds as well.
        ASSERT_NEAR(a.y.at(t, h * s.head_dim + p),
                    b.y.at(t, h * s.head_dim + p),
                    2 * tolerance[static_cast<size_t>(p)])
            << "head " << h << " token " << t << " p " << p;
      }
    }
    for (int64_t i = 0; i < size; ++i) {
      ASSERT_NEAR(a.state.at(0, h * size + i), b.state.at(0, h * size + i),
                  2 * bound.StateError(i));
    }
  }
}

const Shape kShapes[] = {
    {1, 1, 1, 1, 1},   {3, 2, 1, 3, 7},     {5, 4, 2, 7, 17}, {9, 2, 2, 17, 3},
    {70, 3, 3, 65, 5}, {131, 2, 1, 64, 64}, {6, 6, 2, 20, 63}};

class ScanTest : public testing::IsaTest {};

TEST_P(ScanTest, AgreesWithReference) {
  for (const Shape& shape : kShapes) {
    const Sequence start(shape, 5, 2);
    Sequence a = start, b = start;
    kernels().scan(a.Args(), 0, shape.v_heads);
    reference::Scan(b.Args(), 0, shape.v_heads);
    a.y.ExpectWrittenExactly();
    a.state.ExpectWrittenExactly();
    ExpectClose(start, a, b);
  }
}

TEST_P(ScanTest, AgreesWithDualFormForEveryChunkLength) {
  const Shape shape = {37, 4, 2, 20, 16};
  const Sequence start(shape, 11, 3);
  Sequence a = start;
  kernels().scan(a.Args(), 0, shape.v_heads);
  for (const int64_t chunk : {1, 2, 5, 16, 36, 37, 64}) {
    Sequence b = start;
    reference::ChunkedScan(b.Args(), chunk, 0, shape.v_heads);
    ExpectClose(start, a, b);
  }
}

// Decays of exactly 0 and 1 to rounding, no NaN on the way.
TEST_P(ScanTest, ExtremeDecays) {
  const Shape shape = {8, 2, 2, 9, 4};
  Sequence start(shape, 3, 1);
  const float values[] = {100, -100, 1e30f, -1e30f, 89, -89, 0, 3e38f};
  for (int64_t t = 0; t < shape.tokens; ++t) {
    for (int64_t h = 0; h < 2; ++h) start.a_log.at(t, h) = values[(t + h) % 8];
  }
  Sequence a = start, b = start;
  kernels().scan(a.Args(), 0, 2);
  reference::Scan(b.Args(), 0, 2);
  ExpectClose(start, a, b);
}

TEST_P(ScanTest, BitsDependOnNeitherCutsNorHeads) {
  for (const Shape& shape : kShapes) {
    const Sequence start(shape, 21, 2);
    Sequence whole = start;
    kernels().scan(whole.Args(), 0, shape.v_heads);
    for (const int64_t piece : {1, 2, 3, 4, 5, 7, 64, 65}) {
      Sequence cut = start;
      for (int64_t t = 0; t < shape.tokens; t += piece) {
        const int64_t count = std::min(piece, shape.tokens - t);
        for (int64_t h = 0; h < shape.v_heads; ++h) {
          kernels().scan(cut.Args(t, count), h, h + 1);
        }
      }
      ExpectSameBits(cut.y, whole.y);
      ExpectSameBits(cut.state, whole.state);
    }
  }
}

TEST_P(ScanTest, HeadRangeTouchesNothingElse) {
  const Shape shape = {5, 4, 2, 5, 3};
  const Sequence start(shape, 2, 1);
  Sequence a = start;
  kernels().scan(a.Args(), 1, 3);
  for (int64_t t = 0; t < 5; ++t) {
    for (int64_t i = 0; i < 20; ++i) {
      EXPECT_EQ(Matrix::IsPoison(a.y.at(t, i)), i < 5 || i >= 15);
    }
  }
  for (int64_t i = 0; i < 4 * 15; ++i) {
    const bool same = a.state.at(0, i) == start.state.at(0, i);
    EXPECT_EQ(same, i < 15 || i >= 45) << i;
  }
}

// By hand: decay 1/2 (a_log 0), N = P = 1.
TEST(ReferenceScan, SmallExample) {
  const float x[] = {1, 2}, b[] = {3, 4}, c[] = {5, 6}, a_log[] = {0, 0};
  const float d[] = {10};
  float state[] = {8}, y[2];
  const ScanArgs args = {.n_tokens = 2,
                         .n_v_heads = 1,
                         .n_qk_heads = 1,
                         .head_dim = 1,
                         .d_state = 1,
                         .x = x,
                         .b = b,
                         .c = c,
                         .xbc_stride = 1,
                         .a_log = a_log,
                         .a_log_stride = 1,
                         .d = d,
                         .state = state,
                         .y = y,
                         .y_stride = 1};
  reference::Scan(args, 0, 1);
  EXPECT_EQ(y[0], 5 * 7 + 10);      // S = 8 / 2 + 3
  EXPECT_EQ(y[1], 6 * 11.5f + 20);  // S = 7 / 2 + 8
  EXPECT_EQ(state[0], 11.5f);
}

INSTANTIATE_TEST_SUITE_P(Isas, ScanTest, ::testing::ValuesIn(AvailableIsas()),
                         testing::IsaTestName);

}  // namespace
}  // namespace llamba

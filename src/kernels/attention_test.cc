#include "kernels/kernel_testing.h"
#include "kernels/reference/reference.h"

namespace llamba {
namespace {

using testing::Matrix;
using testing::Random;

struct Shape {
  int64_t tokens, first, heads, kv_heads, head_dim, page_tokens;
};

// A cache of pages with the keys and values of all positions, NaN after them.
struct Sequence {
  Sequence(const Shape& s, uint32_t seed, float sigma)
      : shape(s), q(0, 0), y(s.tokens, s.heads * s.head_dim) {
    Random random(seed);
    q = Matrix::Normal(random, s.tokens, s.heads * s.head_dim, sigma);
    const int64_t length = s.first + s.tokens;
    const int64_t half = s.kv_heads * s.page_tokens * s.head_dim;
    for (int64_t p = 0; p * s.page_tokens < length; ++p) {
      storage.emplace_back(static_cast<size_t>(2 * half), Matrix::Poison());
    }
    for (int64_t position = 0; position < length; ++position) {
      float* page =
          storage[static_cast<size_t>(position / s.page_tokens)].data();
      for (int64_t i = 0; i < 2 * s.kv_heads; ++i) {
        float* row =
            page + (i * s.page_tokens + position % s.page_tokens) * s.head_dim;
        for (int64_t j = 0; j < s.head_dim; ++j) row[j] = random.Normal(sigma);
      }
    }
    for (const auto& page : storage) pages.push_back(page.data());
  }

  AttentionArgs Args(int64_t from, int64_t count) {
    return {.n_tokens = count,
            .first_position = shape.first + from,
            .n_heads = shape.heads,
            .n_kv_heads = shape.kv_heads,
            .head_dim = shape.head_dim,
            .scale = 1 / std::sqrt(static_cast<float>(shape.head_dim)),
            .q = q.data() + from * q.stride(),
            .q_stride = q.stride(),
            .pages = pages.data(),
            .page_tokens = shape.page_tokens,
            .y = y.data() + from * y.stride(),
            .y_stride = y.stride()};
  }

  Shape shape;
  Matrix q, y;
  std::vector<std::vector<float>> storage;
  std::vector<const float*> pages;
};

const Shape kShapes[] = {
    {1, 0, 1, 1, 1, 16},      {3, 0, 2, 1, 3, 2},      {7, 5, 4, 2, 17, 5},
    {70, 0, 3, 1, 64, 16},    {1, 199, 6, 2, 20, 64},  {40, 100, 2, 2, 65, 100},
    {33, 63, 9, 3, 64, 1024}, {10, 300, 1, 1, 128, 7},
};

template <class Run>
void ForHeads(Sequence& s, const Run& run) {
  for (int64_t h = 0; h < s.shape.heads; ++h) run(s.Args(0, s.shape.tokens), h);
}

class AttentionTest : public testing::IsaTest {};

// A score s = scale q.k is off by depth(d) u scale sum |q k| =: e, relative
// errors of the weights are at most 2 e + a few u a block, and y is a mean of
// values with these weights: error <= (2 e + (depth + 8 blocks) u) max |v|.
TEST_P(AttentionTest, AgreesWithReference) {
  for (const Shape& shape : kShapes) {
    for (const float sigma : {0.5f, 3.0f}) {
      Sequence a(shape, 3, sigma), b(shape, 3, sigma);
      ForHeads(a, [&](const AttentionArgs& args, int64_t h) {
        kernels().attention(args, h, 0, shape.tokens);
      });
      ForHeads(b, [&](const AttentionArgs& args, int64_t h) {
        reference::Attention(args, h, 0, shape.tokens);
      });
      a.y.ExpectWrittenExactly();
      const auto dim = static_cast<double>(shape.head_dim);
      const double largest = 5.0 * sigma;  // of any value
      // sum |q k| / sqrt(d) <= |q| |k| / sqrt(d), each norm below this.
      const double norm = sigma * (std::sqrt(dim) + 5);
      const double score = Depth(shape.head_dim) * norm * norm / std::sqrt(dim);
      const int64_t length = shape.first + shape.tokens;
      const double bound = testing::kRound * largest *
                           (2 * score + static_cast<double>(length) +
                            8.0 * std::ceil(static_cast<double>(length) / 64));
      for (int64_t t = 0; t < shape.tokens; ++t) {
        for (int64_t i = 0; i < a.y.cols(); ++i) {
          ASSERT_NEAR(a.y.at(t, i), b.y.at(t, i), bound)
              << "token " << t << " of " << shape.tokens;
        }
      }
    }
  }
}

TEST_P(AttentionTest, BitsDependOnNeitherCutsNorPages) {
  for (const Shape& shape : kShapes) {
    Sequence whole(shape, 9, 1);
    ForHeads(whole, [&](const AttentionArgs& args, int64_t h) {
      kernels().attention(args, h, 0, shape.tokens);
    });
    for (const int64_t piece : {1, 2, 5, 32, 33}) {
      Sequence cut(shape, 9, 1);
      for (int64_t t = 0; t < shape.tokens; t += piece) {
        const int64_t count = std::min(piece, shape.tokens - t);
        for (int64_t h = 0; h < shape.heads; ++h) {
          kernels().attention(cut.Args(t, count), h, 0, count);
        }
      }
      ExpectSameBits(cut.y, whole.y);
      Sequence ranges(shape, 9, 1);
      ForHeads(ranges, [&](const AttentionArgs& args, int64_t h) {
        for (int64_t t = 0; t < shape.tokens; t += piece) {
          kernels().attention(args, h, t, std::min(t + piece, shape.tokens));
        }
      });
      ExpectSameBits(ranges.y, whole.y);
    }
  }
}

// Scores of +-10^4: one key takes all the weight, and nothing overflows.
TEST_P(AttentionTest, LargeScores) {
  const Shape shape = {5, 130, 2, 1, 16, 32};
  Sequence a(shape, 12, 50), b(shape, 12, 50);
  ForHeads(a, [&](const AttentionArgs& args, int64_t h) {
    kernels().attention(args, h, 0, shape.tokens);
  });
  ForHeads(b, [&](const AttentionArgs& args, int64_t h) {
    reference::Attention(args, h, 0, shape.tokens);
  });
  for (int64_t t = 0; t < shape.tokens; ++t) {
    for (int64_t i = 0; i < a.y.cols(); ++i) {
      // Scores reach 4e4, so exponents are good to some 1e-2 where two compete.
      ASSERT_NEAR(a.y.at(t, i), b.y.at(t, i), 0.05 * 250);
      ASSERT_TRUE(std::isfinite(a.y.at(t, i)));
    }
  }
}

// Equal scores: the plain mean of the values seen so far.
TEST(ReferenceAttention, EqualScoresAverage) {
  const float page[] = {1, 1, 1, 2, 4, 9};  // three keys, three values
  const float* pages[] = {page};
  const float q[] = {0, 0, 0};
  float y[3];
  const AttentionArgs args = {.n_tokens = 3,
                              .first_position = 0,
                              .n_heads = 1,
                              .n_kv_heads = 1,
                              .head_dim = 1,
                              .scale = 1,
                              .q = q,
                              .q_stride = 1,
                              .pages = pages,
                              .page_tokens = 3,
                              .y = y,
                              .y_stride = 1};
  reference::Attention(args, 0, 0, 3);
  EXPECT_FLOAT_EQ(y[0], 2);
  EXPECT_FLOAT_EQ(y[1], 3);
  EXPECT_FLOAT_EQ(y[2], 5);
}

INSTANTIATE_TEST_SUITE_P(Isas, AttentionTest,
                         ::testing::ValuesIn(AvailableIsas()),
                         testing::IsaTestName);

}  // namespace
}  // namespace llamba

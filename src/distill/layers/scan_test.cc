#include "distill/layers/scan.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace llamba::distill {
namespace {

struct Case {
  int64_t n_tokens, heads, groups, head_dim, d_state;
};

ScanInputs RandomInputs(const Case& k, torch::ScalarType type) {
  torch::manual_seed(7);
  const auto options = torch::TensorOptions(type);
  ScanInputs in;
  in.x = torch::randn({2, k.n_tokens, k.heads, k.head_dim}, options);
  in.b = torch::randn({2, k.n_tokens, k.groups, k.d_state}, options);
  in.c = torch::randn({2, k.n_tokens, k.groups, k.d_state}, options);
  in.log_decay =
      at::log_sigmoid(torch::randn({2, k.n_tokens, k.heads}, options) * 2 + 1);
  in.segments = torch::zeros({2, k.n_tokens}, torch::kInt32);
  if (k.n_tokens > 4) {
    in.segments[0].slice(0, k.n_tokens / 2).fill_(1);
    in.segments[1].slice(0, 1).fill_(1);
    in.segments[1].slice(0, k.n_tokens - 1).fill_(2);
  }
  return in;
}

// SPEC 2.3, token by token, with the state cleared at each document.
Tensor Recurrence(const ScanInputs& in) {
  const int64_t heads = in.x.size(2);
  const Tensor b = in.b.repeat_interleave(heads / in.b.size(2), 2);
  const Tensor c = in.c.repeat_interleave(heads / in.c.size(2), 2);
  Tensor state = torch::zeros({in.x.size(0), heads, in.x.size(3), in.b.size(3)},
                              in.x.options());
  std::vector<Tensor> out;
  for (int64_t t = 0; t < in.x.size(1); ++t) {
    Tensor keep = in.log_decay.select(1, t).exp();
    if (t > 0) {
      keep = keep * (in.segments.select(1, t) == in.segments.select(1, t - 1))
                        .unsqueeze(1);
    }
    state = state * keep.unsqueeze(2).unsqueeze(3) +
            in.x.select(1, t).unsqueeze(3) * b.select(1, t).unsqueeze(2);
    out.push_back(torch::matmul(state, c.select(1, t).unsqueeze(3)).squeeze(3));
  }
  return torch::stack(out, 1);
}

double RelativeError(const Tensor& a, const Tensor& b) {
  // One token's decay has no effect: its gradient is 0 in both.
  return (a - b).norm().item<double>() /
         std::max(b.norm().item<double>(), 1e-300);
}

class ScanTest : public testing::TestWithParam<Case> {};

// In double the two forms differ by rounding alone: a few hundred operations of
// 1e-16 each.
TEST_P(ScanTest, ChunkedEqualsTheRecurrenceForwardAndBackward) {
  ScanInputs in = RandomInputs(GetParam(), torch::kFloat64);
  std::vector<Tensor> leaves{in.x, in.b, in.c, in.log_decay};
  for (Tensor& leaf : leaves) leaf.requires_grad_();
  const Tensor expected = Recurrence(in);
  const Tensor weight = torch::randn_like(expected);
  const auto expected_gradients =
      torch::autograd::grad({(expected * weight).sum()}, leaves);
  for (const int64_t chunk : {1, 3, 8, 64}) {
    const Tensor y = ChunkedScan(in, chunk);
    EXPECT_LT(RelativeError(y, expected), 1e-12) << "chunk " << chunk;
    const auto gradients = torch::autograd::grad({(y * weight).sum()}, leaves);
    for (size_t i = 0; i < leaves.size(); ++i) {
      EXPECT_LT(RelativeError(gradients[i], expected_gradients[i]), 1e-11)
          << "chunk " << chunk << ", input " << i;
    }
  }
}

TEST_P(ScanTest, MatrixTimesInputIsTheScan) {
  const ScanInputs in = RandomInputs(GetParam(), torch::kFloat64);
  const Tensor y =
      torch::matmul(ScanMatrix(in), in.x.transpose(1, 2)).transpose(1, 2);
  EXPECT_LT(RelativeError(y, Recurrence(in)), 1e-12);
}

// float32: about sqrt(T N) roundings of 6e-8, and running sums of log decays up
// to |c| = 100 whose error 6e-6 enters the exponent.
TEST_P(ScanTest, Float32IsNearDouble) {
  const ScanInputs in = RandomInputs(GetParam(), torch::kFloat64);
  ScanInputs single = in;
  for (Tensor* tensor : {&single.x, &single.b, &single.c, &single.log_decay}) {
    *tensor = tensor->to(torch::kFloat32);
  }
  EXPECT_LT(
      RelativeError(ChunkedScan(single).to(torch::kFloat64), Recurrence(in)),
      1e-5);
}

INSTANTIATE_TEST_SUITE_P(Shapes, ScanTest,
                         testing::Values(Case{1, 1, 1, 1, 1},
                                         Case{5, 2, 1, 3, 4},
                                         Case{13, 4, 2, 5, 2},
                                         Case{70, 2, 2, 4, 8}));

}  // namespace
}  // namespace llamba::distill

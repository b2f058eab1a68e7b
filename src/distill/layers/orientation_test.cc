#include "distill/layers/orientation.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace llamba::distill {
namespace {

struct Case {
  int64_t n_tokens, heads, groups;
};

struct Example {
  ScanInputs scan;
  Tensor d;
  AttentionHeads heads;
};

Example RandomExample(const Case& k, torch::ScalarType type) {
  torch::manual_seed(5);
  const auto options = torch::TensorOptions(torch::kFloat64);
  const int64_t t = k.n_tokens;
  Example out;
  out.scan.b = torch::randn({2, t, k.groups, 3}, options).to(type);
  out.scan.c = torch::randn({2, t, k.groups, 3}, options).to(type);
  out.scan.log_decay =
      at::log_sigmoid(torch::randn({2, t, k.heads}, options) + 1).to(type);
  out.scan.segments = torch::zeros({2, t}, torch::kInt32);
  out.scan.segments[0].slice(0, t / 3).fill_(1);
  out.d = torch::randn({k.heads}, options).to(type);
  out.heads = {torch::randn({2, k.heads, t, 5}, options).to(type),
               torch::randn({2, k.heads, t, 5}, options).to(type)};
  return out;
}

// The definition (SPEC 5), both matrices in whole.
Tensor PlainLoss(const Example& e) {
  const Tensor mask =
      CausalDocumentMask(e.scan.segments).unsqueeze(1).logical_not();
  const Tensor attention =
      (torch::matmul(e.heads.q, e.heads.k.transpose(2, 3)) / std::sqrt(5.0))
          .masked_fill(mask, -INFINITY)
          .softmax(3);
  const Tensor mixing =
      ScanMatrix(e.scan) +
      torch::diag_embed(e.d.unsqueeze(1).expand({-1, e.scan.b.size(1)}));
  return (mixing - attention).flatten(2).norm(2, 2).mean();
}

std::vector<Tensor> Leaves(Example& e) {
  std::vector<Tensor> leaves{e.scan.b, e.scan.c, e.scan.log_decay, e.d};
  for (Tensor& leaf : leaves) leaf.requires_grad_();
  return leaves;
}

class OrientationTest : public testing::TestWithParam<Case> {};

// In double both are the same sums in another order: some hundred roundings of
// 1e-16, of terms that cancel to a tenth.
TEST_P(OrientationTest, EqualsTheDefinitionForwardAndBackward) {
  Example e = RandomExample(GetParam(), torch::kFloat64);
  const std::vector<Tensor> leaves = Leaves(e);
  const Tensor expected = PlainLoss(e);
  const auto expected_gradients = torch::autograd::grad({expected}, leaves);
  for (const int64_t rows : {0, 1, 4, 1000}) {
    const Tensor loss = OrientationLoss(e.scan, e.d, e.heads, rows);
    EXPECT_NEAR(loss.item<double>(), expected.item<double>(), 1e-12);
    const auto gradients = torch::autograd::grad({loss * 1.0}, leaves);
    for (size_t i = 0; i < leaves.size(); ++i) {
      EXPECT_LT(
          (gradients[i] - expected_gradients[i]).abs().max().item<double>(),
          1e-12)
          << rows << " rows, input " << i;
    }
  }
}

// float32 maps of some hundred cells: roundings of 6e-8 each.
TEST_P(OrientationTest, Float32IsNearDouble) {
  const Example e = RandomExample(GetParam(), torch::kFloat64);
  Example single = RandomExample(GetParam(), torch::kFloat32);
  EXPECT_NEAR(
      OrientationLoss(single.scan, single.d, single.heads).item<double>() /
          PlainLoss(e).item<double>(),
      1, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Shapes, OrientationTest,
                         testing::Values(Case{1, 1, 1}, Case{7, 2, 1},
                                         Case{13, 4, 2}, Case{130, 2, 2}));

}  // namespace
}  // namespace llamba::distill

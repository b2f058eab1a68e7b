#include "distill/student/narrow_states.h"

#include <gtest/gtest.h>

#include "distill/distill_testing.h"
#include "distill/student/make_student.h"

namespace llamba::distill {
namespace {

// Dimensions that C never reads, or B never writes, leave without a trace.
TEST(NarrowStates, LeavesOutWhatHasNoSay) {
  const ModelConfig wide =
      StudentConfig(TinyTeacherConfig(),
                    {.d_state = 4, .n_qk_heads = 2, .keep_attention = {1}});
  const LayerStack student(wide, RandomParameters(wide, 1, torch::kFloat64));
  const SsmConfig& ssm = wide.ssm;
  const auto silence = [&](int64_t channel) {
    for (const TensorRole role :
         {TensorRole::kSsmIn, TensorRole::kSsmConvBias}) {
      student.parameters().at({role, 0})[channel].zero_();
    }
  };
  const int64_t b = ssm.d_inner, c = b + ssm.n_qk_heads * ssm.d_state;
  for (const int64_t n : {1, 2}) silence(b + n);
  for (const int64_t n : {0, 3}) silence(c + ssm.d_state + n);

  const LayerStack narrow = NarrowStates(student, 2);
  EXPECT_EQ(narrow.config().ssm.d_state, 2);
  for (const TensorSpec& spec : Schema(narrow.config())) {
    EXPECT_EQ(narrow.parameters().at(spec.id).sizes(),
              torch::IntArrayRef(spec.shape.data(), spec.shape.size()));
  }
  const Batch batch = TinyBatch(wide.vocab_size, 9, 5);
  const torch::NoGradGuard no_grad;
  const Tensor before = student.Logits(batch), after = narrow.Logits(batch);
  EXPECT_LT((before - after).abs().max().item<double>(),
            1e-12 * before.abs().max().item<double>());
}

// Of pairs, what counts is the product: a large B with a small C goes.
TEST(NarrowStates, KeepsTheLargestProducts) {
  const ModelConfig wide =
      StudentConfig(TinyTeacherConfig(), {.d_state = 3, .n_qk_heads = 1});
  const LayerStack student(wide, RandomParameters(wide, 1, torch::kFloat64));
  const Tensor in = student.parameters().at({TensorRole::kSsmIn, 1});
  const int64_t b = wide.ssm.d_inner, c = b + 3;
  const double sizes[3][2] = {{100, 0.001}, {3, 3}, {1, 4}};
  for (int n = 0; n < 3; ++n) {
    for (const auto& [channel, size] :
         {std::pair{b + n, sizes[n][0]}, {c + n, sizes[n][1]}}) {
      in[channel].fill_(size);
      student.parameters().at({TensorRole::kSsmConv, 1})[channel].fill_(1);
      student.parameters().at({TensorRole::kSsmConvBias, 1})[channel].zero_();
    }
  }
  const LayerStack narrow = NarrowStates(student, 2);
  const Tensor kept = narrow.parameters().at({TensorRole::kSsmIn, 1});
  const Tensor expected = torch::cat(
      {in.slice(0, 0, b), in.slice(0, b + 1, c), in.slice(0, c + 1)});
  EXPECT_TRUE(torch::equal(kept, expected));
}

}  // namespace
}  // namespace llamba::distill

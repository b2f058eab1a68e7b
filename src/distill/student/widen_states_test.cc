#include "distill/student/widen_states.h"

#include <gtest/gtest.h>

#include "distill/distill_testing.h"
#include "distill/student/make_student.h"

namespace llamba::distill {
namespace {

TEST(WidenStates, ComputesTheSame) {
  const ModelConfig config =
      StudentConfig(TinyTeacherConfig(),
                    {.d_state = 3, .n_qk_heads = 2, .keep_attention = {1}});
  const LayerStack student(config,
                           RandomParameters(config, 1, torch::kFloat64));
  const LayerStack wide = WidenStates(student, 5, 7);
  EXPECT_EQ(wide.config().ssm.d_state, 5);
  for (const TensorSpec& spec : Schema(wide.config())) {
    EXPECT_EQ(wide.parameters().at(spec.id).sizes(),
              torch::IntArrayRef(spec.shape.data(), spec.shape.size()));
  }
  const Batch batch = TinyBatch(config.vocab_size, 9, 5);
  const torch::NoGradGuard no_grad;
  const Tensor before = student.Logits(batch), after = wide.Logits(batch);
  EXPECT_LT((before - after).abs().max().item<double>(),
            1e-12 * before.abs().max().item<double>());
}

// The new dimensions of C would read what B comes to write.
TEST(WidenStates, LetsTheNewDimensionsLearn) {
  const ModelConfig config =
      StudentConfig(TinyTeacherConfig(), {.d_state = 3, .n_qk_heads = 2});
  const LayerStack student(config,
                           RandomParameters(config, 1, torch::kFloat64));
  const LayerStack wide = WidenStates(student, 4, 7);
  const SsmConfig& ssm = wide.config().ssm;
  Tensor in = wide.parameters().at({TensorRole::kSsmIn, 0});
  in.requires_grad_();
  wide.Logits(TinyBatch(config.vocab_size, 9, 5)).square().sum().backward();
  for (const int64_t group : {0, 1}) {
    const int64_t b = ssm.d_inner + group * ssm.d_state + 3;
    const int64_t c = b + ssm.n_qk_heads * ssm.d_state;
    EXPECT_EQ(in[b].abs().max().item<double>(), 0);
    EXPECT_GT(in.grad()[b].abs().max().item<double>(), 0);
    EXPECT_GT(in[c].abs().max().item<double>(), 0);
  }
}

}  // namespace
}  // namespace llamba::distill

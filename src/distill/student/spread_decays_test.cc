#include "distill/student/spread_decays.h"

#include <gtest/gtest.h>

#include <cmath>

#include "distill/distill_testing.h"
#include "distill/student/make_student.h"

namespace llamba::distill {
namespace {

// Hidden states with something in common, as every trained model has.
LayerStack TeacherWithAMean() {
  const ModelConfig config = TinyTeacherConfig();
  ParameterMap parameters = RandomParameters(config, 1, torch::kFloat32);
  parameters.at({TensorRole::kEmbedding, -1}) += 2;
  return {config, std::move(parameters)};
}

TEST(SpreadDecays, GivesHeadsMemoriesUpToTheLongest) {
  const LayerStack teacher = TeacherWithAMean();
  LayerStack student =
      MakeStudent(teacher, {.d_state = 4, .n_qk_heads = 2, .seed = 3});
  const SsmConfig& ssm = student.config().ssm;
  const Tensor before =
      student.parameters().at({TensorRole::kSsmIn, 0}).clone();
  const Batch batch = TinyBatch(24, 60, 4);
  const auto alone = MakeCommunicator({}, torch::kCPU);
  SpreadDecays(teacher, student.config(), batch, 54, *alone,
               student.parameters());
  const Tensor& in = student.parameters().at({TensorRole::kSsmIn, 0});

  // Memories 2, 6, 18, 54: A_log is -log(m - 1) on average, but for what the
  // ridge of 1 % takes and what tokens do not have in common.
  const Tensor u = teacher.InputNorm(0, teacher.Embed(batch.ids)).flatten(0, 1);
  const Tensor a_log =
      torch::matmul(u, in.slice(0, in.size(0) - 4).t()).mean(0);
  const double memories[] = {2, 6, 18, 54};
  for (int head = 0; head < 4; ++head) {
    const double expected = std::log(memories[head] - 1);
    EXPECT_NEAR(-a_log[head].item<double>(), expected, 0.05 * expected + 1e-6);
  }
  // B by groups of two heads; the rest as it was.
  const int64_t b = ssm.d_inner, n = ssm.d_state;
  const auto error = [&](int64_t begin, int64_t end, double scale) {
    return (in.slice(0, begin, end) * scale - before.slice(0, begin, end))
        .abs()
        .max()
        .item<double>();
  };
  EXPECT_LT(error(b, b + n, std::sqrt(4.0)), 1e-6);
  EXPECT_LT(error(b + n, b + 2 * n, std::sqrt(36.0)), 1e-6);
  EXPECT_EQ(error(0, b, 1), 0);
  EXPECT_EQ(error(b + 2 * n, in.size(0) - 4, 1), 0);
}

TEST(SpreadDecays, LeavesAttentionLayersAlone) {
  const LayerStack teacher = TeacherWithAMean();
  LayerStack student =
      MakeStudent(teacher, {.d_state = 4, .keep_attention = {0}});
  const auto alone = MakeCommunicator({}, torch::kCPU);
  const Tensor before =
      student.parameters().at({TensorRole::kSsmIn, 1}).clone();
  SpreadDecays(teacher, student.config(), TinyBatch(24, 60, 4), 20, *alone,
               student.parameters());
  EXPECT_FALSE(
      torch::equal(before, student.parameters().at({TensorRole::kSsmIn, 1})));
}

}  // namespace
}  // namespace llamba::distill

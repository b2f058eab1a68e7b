#include "distill/stages/stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "distill/distill_testing.h"
#include "distill/stages/linear_cross_entropy.h"
#include "distill/stages/recall_weights.h"
#include "distill/student/make_student.h"

namespace llamba::distill {
namespace {

struct Models {
  LayerStack teacher, student;
  Batch batch;
};

// A student moved away from its start, so that no gradient vanishes by
// symmetry.
Models TinyModels(const StudentOptions& options) {
  const ModelConfig config = TinyTeacherConfig();
  LayerStack teacher(config, RandomParameters(config, 1, torch::kFloat64));
  LayerStack student = MakeStudent(teacher, options);
  const ParameterMap noise =
      RandomParameters(student.config(), 2, torch::kFloat64);
  for (auto& [id, tensor] : student.parameters()) {
    tensor = (tensor + 0.3 * noise.at(id)).detach();
  }
  return {std::move(teacher), std::move(student),
          TinyBatch(config.vocab_size, 13, 3)};
}

// Every gradient of a stage against central differences in double: their
// truncation error is step^2 = 1e-10 of the third derivative, their rounding
// 1e-16 / step = 1e-11.
void CheckGradients(const Stage& stage, Models& models) {
  for (auto& [id, tensor] : models.student.parameters()) {
    tensor.requires_grad_(stage.Trains(id, models.student.config()));
  }
  stage.Accumulate(models.teacher, models.student, models.batch, 0.5);
  ParameterMap gradients;
  for (auto& [id, tensor] : models.student.parameters()) {
    if (tensor.grad().defined()) gradients[id] = tensor.grad().clone();
  }
  int checked = 0;
  for (auto& [id, tensor] : models.student.parameters()) {
    if (!stage.Trains(id, models.student.config())) {
      EXPECT_FALSE(gradients.count(id));
      continue;
    }
    const std::string name = TensorName(Layout::kHuggingFaceLlamba, id);
    const auto loss = [&] {
      const torch::AutoGradMode with_grad(true);
      return 0.5 *
             stage.Accumulate(models.teacher, models.student, models.batch, 0.5)
                 .total.item<double>();
    };
    if (!gradients.count(id)) continue;
    EXPECT_LT(GradientError(tensor.detach(), gradients.at(id), loss), 1e-6)
        << stage.name() << ", " << name;
    ++checked;
  }
  EXPECT_GT(checked, 4);
}

TEST(Stages, OrientationGradientsMatchCentralDifferences) {
  Models models = TinyModels({.d_state = 4, .seed = 5});
  CheckGradients(*MatrixOrientation(), models);
}

TEST(Stages, AlignmentGradientsMatchCentralDifferences) {
  Models models = TinyModels({.d_state = 3, .n_qk_heads = 2});
  CheckGradients(*HiddenStateAlignment(), models);
}

TEST(Stages, DistillationGradientsMatchCentralDifferences) {
  for (const bool recompute : {false, true}) {
    Models models =
        TinyModels({.d_state = 4, .keep_attention = {1}, .seed = 6});
    CheckGradients(*KnowledgeDistillation({.temperature = 1.5,
                                           .hidden_weight = 0.3,
                                           .mixer_weight = 0.4,
                                           .recall_weight = 2,
                                           .recompute = recompute,
                                           .logits_rows = 7}),
                   models);
  }
}

// A mixer that is the teacher's own, on its own stream, leaves nothing
// unexplained, so that the next has the teacher's stream too. The loss grows by
// the weight times the mean.
TEST(Stages, WhatMixersLeaveUnexplainedIsTold) {
  const ModelConfig config = TinyTeacherConfig();
  const LayerStack teacher(config,
                           RandomParameters(config, 1, torch::kFloat64));
  LayerStack student =
      MakeStudent(teacher, {.d_state = 4, .keep_attention = {0}});
  for (auto& [id, tensor] : student.parameters()) tensor.requires_grad_();
  const Batch batch = TinyBatch(config.vocab_size, 13, 3);
  const auto loss = [&](double weight) {
    return KnowledgeDistillation({.mixer_weight = weight})
        ->Accumulate(teacher, student, batch, 1);
  };
  const StageLoss with = loss(3), without = loss(0);
  EXPECT_FALSE(without.per_layer.defined());
  EXPECT_LT(with.per_layer[0].item<double>(), 1e-10);
  EXPECT_GT(with.per_layer[1].item<double>(), 0.1);
  const LayerContext context = teacher.MakeContext(batch);
  const Tensor x = teacher.Block(0, teacher.Embed(batch.ids), context);
  const Tensor theirs = teacher.Mixer(1, x, context);
  const Tensor ours = student.Mixer(1, x, student.MakeContext(batch));
  const auto of_stream = [&x](const Tensor& y) {
    return (y.norm(2, -1) / x.norm(2, -1)).pow(2).mean().item<double>();
  };
  EXPECT_NEAR(with.per_layer[1].item<double>(),
              of_stream(ours - theirs) / of_stream(theirs), 1e-10);
  EXPECT_NEAR((with.total - without.total).item<double>(),
              3 * with.per_layer.mean().item<double>(), 1e-10);
}

// Attention moves a stream of zeros too, beside which nothing is a share.
TEST(Stages, ATokenOfZerosLeavesTheLossFinite) {
  Models models = TinyModels({.d_state = 4});
  const Tensor zeros = models.batch.ids.flatten()[1];
  for (LayerStack* stack : {&models.teacher, &models.student}) {
    Tensor& embedding = stack->parameters().at({TensorRole::kEmbedding, -1});
    embedding = embedding.detach().index_fill(0, zeros, 0);
  }
  for (auto& [id, tensor] : models.student.parameters()) {
    tensor.requires_grad_();
  }
  const StageLoss loss =
      KnowledgeDistillation({.mixer_weight = 1})
          ->Accumulate(models.teacher, models.student, models.batch, 1);
  EXPECT_TRUE(torch::isfinite(loss.total).item<bool>());
  EXPECT_TRUE(torch::isfinite(loss.per_layer).all().item<bool>());
  for (const auto& [id, tensor] : models.student.parameters()) {
    if (!tensor.grad().defined()) continue;
    EXPECT_TRUE(torch::isfinite(tensor.grad()).all().item<bool>());
  }
}

// A stage trains what SPEC 5 says, and a kept attention layer stays as it is
// until stage 3.
TEST(Stages, TrainWhatTheyShould) {
  const ModelConfig config =
      StudentConfig(TinyTeacherConfig(), {.d_state = 4, .keep_attention = {1}});
  const TensorId mixer{TensorRole::kSsmIn, 0}, mlp{TensorRole::kMlpUp, 0},
      kept{TensorRole::kAttnQ, 1}, embedding{TensorRole::kEmbedding, -1};
  EXPECT_TRUE(MatrixOrientation()->Trains(mixer, config));
  EXPECT_FALSE(MatrixOrientation()->Trains(mlp, config));
  EXPECT_TRUE(HiddenStateAlignment()->Trains(mlp, config));
  EXPECT_FALSE(HiddenStateAlignment()->Trains(kept, config));
  EXPECT_FALSE(HiddenStateAlignment()->Trains(embedding, config));
  for (const TensorId& id : {mixer, mlp, kept, embedding}) {
    EXPECT_TRUE(KnowledgeDistillation({})->Trains(id, config));
  }
}

// A hybrid that goes on from a pure student: the student's weights, and the
// teacher's attention in the layer that keeps it.
TEST(Student, AHybridGoesOnFromAPureLlamba) {
  const ModelConfig pure = StudentConfig(TinyTeacherConfig(), {.d_state = 4});
  const ModelConfig hybrid =
      StudentConfig(TinyTeacherConfig(), {.d_state = 4, .keep_attention = {1}});
  const LayerStack teacher(
      TinyTeacherConfig(),
      RandomParameters(TinyTeacherConfig(), 1, torch::kFloat64));
  int opened = 0;
  const auto open_teacher = [&] {
    ++opened;
    return teacher;
  };
  const LayerStack student(pure, RandomParameters(pure, 2, torch::kFloat64));
  ContinueStudent(open_teacher, student, pure, "pure", 0);
  EXPECT_EQ(opened, 0);
  const ParameterMap parameters =
      ContinueStudent(open_teacher, student, hybrid, "pure", 0);
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(parameters.size(), Schema(hybrid).size());
  for (const auto& [id, tensor] : parameters) {
    const bool kept =
        id.layer == 1 &&
        (id.role == TensorRole::kAttnQ || id.role == TensorRole::kAttnK ||
         id.role == TensorRole::kAttnV || id.role == TensorRole::kAttnO);
    const LayerStack& from = kept ? teacher : student;
    EXPECT_TRUE(torch::equal(tensor, from.parameters().at(id)));
  }
  // Not the other way round, and not with another number of taps.
  const LayerStack mixed(hybrid, parameters);
  EXPECT_THROW(ContinueStudent(open_teacher, mixed, pure, "mixed", 0), Error);
  EXPECT_THAT(
      [&] {
        const ModelConfig other =
            StudentConfig(TinyTeacherConfig(), {.d_state = 4, .d_conv = 3});
        ContinueStudent(open_teacher, student, other, "pure", 0);
      },
      testing::ThrowsMessage<Error>("pure: config: ssm_cfg/d_conv: expected 3 "
                                    "as in this recipe's student, found 4"));
}

// A published Llamba says nothing of the context that its teacher had.
TEST(Student, GoesOnFromALlambaOfUnknownContext) {
  const ModelConfig config = StudentConfig(TinyTeacherConfig(), {.d_state = 4});
  ASSERT_GT(config.context_length, 0);
  ModelConfig published = config;
  published.context_length = 0;
  const LayerStack student(published,
                           RandomParameters(published, 2, torch::kFloat64));
  const ParameterMap parameters = ContinueStudent(
      []() -> LayerStack { Fail("opened"); }, student, config, "published", 0);
  EXPECT_EQ(parameters.size(), Schema(config).size());
}

// Two documents in a row give the same as each alone: nothing crosses a border.
TEST(Stages, DocumentsInARowAreIndependent) {
  Models models = TinyModels({.d_state = 4, .keep_attention = {1}});
  const torch::NoGradGuard no_grad;
  const int64_t border = 13 / 3;
  for (const LayerStack* stack : {&models.teacher, &models.student}) {
    const Tensor together = stack->Logits(models.batch)[0];
    const auto alone = [&](int64_t begin, int64_t end) {
      const Tensor ids = models.batch.ids.slice(0, 0, 1).slice(1, begin, end);
      return stack->Logits({ids, torch::zeros_like(ids).to(torch::kInt32)})[0];
    };
    const Tensor apart = torch::cat({alone(0, border), alone(border, 13)});
    EXPECT_LT((together - apart).abs().max().item<double>(), 1e-10);
  }
}

TEST(RecallWeights, CountWhatADocumentSaidBefore) {
  const Batch batch = TinyBatch(5, 40, 8);
  const Tensor got = RecallWeights(batch, 3);
  int recalled = 0;
  for (int64_t row = 0; row < 2; ++row) {
    const auto ids = batch.ids[row], segments = batch.segments[row];
    for (int64_t t = 0; t < 39; ++t) {
      const Tensor before = (ids.slice(0, 0, t + 1) == ids[t + 1]) *
                            (segments.slice(0, 0, t + 1) == segments[t + 1]);
      const auto n = static_cast<double>(before.sum().item<int64_t>());
      EXPECT_FLOAT_EQ(got[row][t].item<float>(), n > 0 ? 1 + 3 / n : 1);
      recalled += n > 0 ? 1 : 0;
    }
    EXPECT_EQ(got[row][39].item<float>(), 1);
  }
  EXPECT_GT(recalled, 50);
  EXPECT_LT(recalled, 78);
}

TEST(LinearCrossEntropy, EqualsThePlainFormula) {
  torch::manual_seed(3);
  const auto options = torch::TensorOptions(torch::kFloat64);
  const HeadInputs student{torch::randn({9, 5}, options),
                           torch::randn({11, 5}, options),
                           torch::randn({11}, options)};
  const HeadInputs teacher{torch::randn({9, 5}, options),
                           torch::randn({11, 5}, options), Tensor()};
  const Tensor weights = torch::rand({9}, options);
  const CrossEntropy got = LinearCrossEntropy(
      student, teacher, {.temperature = 2, .rows = 4, .row_weights = weights});
  const Tensor p =
      (torch::matmul(teacher.hidden, teacher.weight.t()) / 2).softmax(1);
  const Tensor q =
      ((torch::matmul(student.hidden, student.weight.t()) + student.bias) / 2)
          .softmax(1);
  EXPECT_NEAR(got.loss.item<double>(),
              -(weights.unsqueeze(1) * p * q.log()).sum().item<double>() / 9,
              1e-12);
  EXPECT_NEAR(got.kl.item<double>(),
              (p * (p / q).log()).sum().item<double>() / 9, 1e-12);
  EXPECT_NEAR(got.top1.item<double>(),
              (p.argmax(1) == q.argmax(1)).sum().item<double>() / 9, 1e-12);
}

TEST(MakeStudent, StartsWithAnOpenGateAndAnIdentityConvolution) {
  const ModelConfig config = TinyTeacherConfig();
  const LayerStack teacher(config,
                           RandomParameters(config, 1, torch::kFloat64));
  const LayerStack student =
      MakeStudent(teacher, {.d_state = 4, .start_from_attention = true});
  const auto& p = student.parameters();
  const Tensor gate = at::silu(p.at({TensorRole::kSsmZBias, 0}));
  EXPECT_NEAR((gate - 1).abs().max().item<double>(), 0, 1e-12);
  const Tensor conv = p.at({TensorRole::kSsmConv, 0}).flatten(1);
  EXPECT_EQ(conv.select(1, 3).min().item<double>(), 1);
  EXPECT_EQ(conv.slice(1, 0, 3).abs().max().item<double>(), 0);
  EXPECT_TRUE(torch::equal(p.at({TensorRole::kMlpUp, 1}),
                           teacher.parameters().at({TensorRole::kMlpUp, 1})));
  EXPECT_TRUE(torch::equal(p.at({TensorRole::kSsmOut, 0}),
                           teacher.parameters().at({TensorRole::kAttnO, 0})));
}

// Whatever the size of the state, C B^T is at first q k^T / sqrt(head_dim)
// before the rotation.
TEST(MakeStudent, StartsWithTheTeachersScoresInAnyStateSize) {
  const ModelConfig config = TinyTeacherConfig();
  const LayerStack teacher(config,
                           RandomParameters(config, 1, torch::kFloat64));
  const auto& t = teacher.parameters();
  const int64_t heads = 4, head_dim = 4;
  const auto by_head = [](const Tensor& rows, int64_t n) {
    return rows.view({n, -1, rows.size(1)});
  };
  const Tensor q = by_head(t.at({TensorRole::kAttnQ, 0}), heads);
  const Tensor k =
      by_head(t.at({TensorRole::kAttnK, 0}), 2).repeat_interleave(2, 0);
  const Tensor expected = torch::matmul(q.transpose(1, 2), k) / 2;
  for (const int64_t d_state : {head_dim, int64_t{7}}) {
    const LayerStack student = MakeStudent(
        teacher, {.d_state = d_state, .start_from_attention = true});
    const Tensor& in = student.parameters().at({TensorRole::kSsmIn, 0});
    const int64_t bc = heads * d_state;
    const Tensor b = by_head(in.slice(0, 16, 16 + bc), heads);
    const Tensor c = by_head(in.slice(0, 16 + bc, 16 + 2 * bc), heads);
    const Tensor scores = torch::matmul(c.transpose(1, 2), b);
    EXPECT_LT((scores - expected).abs().max().item<double>(), 1e-12);
  }
}

TEST(MakeStudent, RefusesWhatDoesNotFit) {
  const ModelConfig config = TinyTeacherConfig();
  EXPECT_THROW(StudentConfig(config, {.keep_attention = {2}}), Error);
  EXPECT_THROW(StudentConfig(config, {.n_qk_heads = 3}), Error);
  EXPECT_THROW(
      StudentConfig(config, {.d_state = 3, .start_from_attention = true}),
      Error);
}

}  // namespace
}  // namespace llamba::distill

#include "distill/teacher/induction.h"

#include <gmock/gmock.h>

#include "distill/distill_testing.h"

namespace llamba::distill {
namespace {

using ::testing::ElementsAre;

LayerStack Teacher() {
  const ModelConfig config = TinyTeacherConfig();
  return LayerStack(config, RandomParameters(config, 3, torch::kFloat64));
}

// The definition, a position at a time.
TEST(Induction, ScoresAreAttentionAfterTheFirstOccurrence) {
  const LayerStack teacher = Teacher();
  const InductionOptions options{.rows = 2, .length = 9, .seed = 4};
  const Tensor scores = InductionScores(teacher, options);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  const Tensor once = torch::randint(0, teacher.config().vocab_size, {2, 9},
                                     generator, torch::kInt64);
  const Tensor ids = torch::cat({once, once}, 1);
  const Batch batch{ids, torch::zeros_like(ids, torch::kInt32)};
  const LayerContext context = teacher.MakeContext(batch);
  Tensor x = teacher.Embed(ids);
  for (int layer = 0; layer < teacher.n_layer(); ++layer) {
    const Tensor maps = teacher.MixingMatrix(layer, x, context);
    for (int64_t head = 0; head < maps.size(1); ++head) {
      double sum = 0;
      for (int64_t row = 0; row < 2; ++row) {
        for (int64_t i = 9; i < 18; ++i) {
          EXPECT_EQ(ids[row][i].item<int64_t>(),
                    ids[row][i - 9].item<int64_t>());
          sum += maps[row][head][i][i - 9 + 1].item<double>();
        }
      }
      EXPECT_NEAR(scores[layer][head].item<float>(), sum / 18, 1e-6);
    }
    x = teacher.Block(layer, x, context);
  }
}

TEST(Induction, TheHighestSumsAreKeptInOrder) {
  const Tensor scores =
      torch::tensor({{0.1F, 0.1F}, {0.4F, 0.3F}, {0.0F, 0.3F}, {0.9F, 0.0F}});
  EXPECT_THAT(LayersToKeep(scores, 2), ElementsAre(1, 3));
  EXPECT_THAT(LayersToKeep(scores, 9), ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace llamba::distill

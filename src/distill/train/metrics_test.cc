#include "distill/train/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "distill/data/data_testing.h"

namespace llamba::distill {
namespace {

StepMetrics Evaluated(const std::vector<SetEvaluation>& sets) {
  StepMetrics metrics;
  metrics.evaluation = MeanOf(sets);
  metrics.sets = sets;
  return metrics;
}

StepMetrics Read(const StepMetrics& metrics) {
  const TemporaryFolder folder;
  return ReadMetrics(folder.Write("m.jsonl", MetricsToJson(metrics) + "\n"))
      .at(0);
}

TEST(Metrics, SeveralHeldOutSetsStandBelowTheirMean) {
  const StepMetrics read = Read(Evaluated(
      {{"a", {2, 3, 0.5, 0.75, 10}}, {"b:64x2", {4, 5, 1, 0.5, 30}}}));
  ASSERT_TRUE(read.evaluation);
  EXPECT_EQ(read.evaluation->n_tokens, 40);
  EXPECT_EQ(read.evaluation->kl, 0.875);
  ASSERT_EQ(read.sets.size(), 2U);
  EXPECT_EQ(read.sets[0].name, "a");
  EXPECT_EQ(read.sets[1].name, "b:64x2");
  EXPECT_EQ(read.sets[1].evaluation.teacher_ppl, 4);
  EXPECT_EQ(read.sets[1].evaluation.student_ppl, 5);
  EXPECT_EQ(read.sets[1].evaluation.kl, 1);
  EXPECT_EQ(read.sets[1].evaluation.top1_agreement, 0.5);
  EXPECT_EQ(read.sets[1].evaluation.n_tokens, 30);
}

TEST(Metrics, LinesOfAnyDepthAreRefused) {
  constexpr int kDepth = 500'000;
  const TemporaryFolder folder;
  const std::string path =
      folder.Write("m.jsonl", R"({"per_layer": )" + std::string(kDepth, '[') +
                                  std::string(kDepth, ']') + "}\n");
  EXPECT_THAT(ErrorOf([&] { ReadMetrics(path); }),
              testing::HasSubstr("m.jsonl: expected JSON nested 100 deep"));
}

// Such a line is that of earlier versions, to the byte.
TEST(Metrics, OneSetIsNotNamed) {
  const std::string json =
      MetricsToJson(Evaluated({{"a", {2, 3, 0.5, 0.75, 10}}}));
  EXPECT_EQ(
      json,
      R"({"stage":1,"step":0,"tokens":0,"evaluation":{"teacher_ppl":2.0,)"
      R"("student_ppl":3.0,"kl":0.5,"top1_agreement":0.75,"tokens":10}})");
}

}  // namespace
}  // namespace llamba::distill

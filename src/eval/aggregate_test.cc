// From scores to figures, task by task, over the items of tests/data/eval; the
// figures are worked out by hand.
#include "eval/aggregate.h"

#include <gmock/gmock.h>

#include <cmath>

#include "eval/samples.h"
#include "eval/tasks/all.h"

namespace llamba {
namespace {

using testing::SizeIs;

constexpr const char* kData = LLAMBA_SOURCE_DIR "/tests/data/eval";

// The scores of a task's items, from the sums of each item's options.
std::vector<SequenceScore> Scores(
    const std::vector<std::vector<double>>& sums) {
  std::vector<SequenceScore> scores;
  for (const auto& item : sums) {
    for (const double sum : item) scores.push_back({sum, false, {}});
  }
  return scores;
}

// Sums of items with `options` choices each, the one given the likeliest.
std::vector<std::vector<double>> Choosing(const std::vector<size_t>& chosen,
                                          size_t options = 2) {
  std::vector<std::vector<double>> sums;
  for (const size_t one : chosen) {
    sums.emplace_back(options, -2.0);
    sums.back()[one] = -1;
  }
  return sums;
}

std::vector<TaskResult> Results(const Task& task,
                                const std::vector<SequenceScore>& scores) {
  return Summarize(task, PrepareItems(task, kData, {}), scores, 0);
}

double Value(const TaskResult& result, const std::string& figure) {
  const Figure* found = result.Find(figure);
  return found == nullptr ? std::nan("") : found->value;
}

TEST(AggregateTest, TiesGoToTheFirst) {
  EXPECT_EQ(Likeliest({{-2, -1, -1}, {1, 1, 1}, false, 0}), 1);
  EXPECT_EQ(LikeliestByCharacter({{-2, -1}, {4, 1}, false, 0}), 0);
  EXPECT_EQ(Value(Results(Copa(), Scores({{-1, -1}, {-1, -1}}))[0], "acc"),
            0.5);
}

TEST(AggregateTest, Accuracies) {
  // Right: 1 0 1; 1 0 1; 0 1.
  const TaskResult sst2 = Results(Sst2(), Scores(Choosing({1, 1, 1})))[0];
  EXPECT_DOUBLE_EQ(Value(sst2, "acc"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(*sst2.Find("acc")->error, 1.0 / 3);  // sqrt(2/9 / 2)
  EXPECT_EQ(*sst2.Find("acc")->chance, 0.5);
  EXPECT_EQ(sst2.items, 3);
  const TaskResult boolq = Results(BoolQ(), Scores(Choosing({1, 0, 0})))[0];
  EXPECT_DOUBLE_EQ(Value(boolq, "acc"), 2.0 / 3);
  EXPECT_EQ(Value(Results(Rte(), Scores(Choosing({0, 1})))[0], "acc"), 1);
  EXPECT_EQ(Value(Results(WinoGrande(), Scores(Choosing({0, 0})))[0], "acc"),
            0);
}

TEST(AggregateTest, F1OfMrpc) {
  // Right: 1 0 1 1 0. Two of the three are found, and one too many.
  const TaskResult mrpc = Results(Mrpc(), Scores(Choosing({1, 1, 1, 0, 0})))[0];
  EXPECT_DOUBLE_EQ(Value(mrpc, "acc"), 0.6);
  EXPECT_DOUBLE_EQ(Value(mrpc, "f1"), 2.0 / 3);  // 2 * 2 / (2 * 2 + 1 + 1)
  EXPECT_GT(*mrpc.Find("f1")->error, 0);
  EXPECT_EQ(Value(Results(Mrpc(), Scores(Choosing({0, 0, 0, 0, 0})))[0], "f1"),
            0);
}

TEST(AggregateTest, MatthewsOfCola) {
  // Right: 1 0 1 0 1: 2 true positives, 1 true negative, 1 each wrong.
  const TaskResult cola = Results(Cola(), Scores(Choosing({1, 0, 0, 1, 1})))[0];
  EXPECT_DOUBLE_EQ(Value(cola, "mcc"), 1.0 / 6);  // (2 - 1) / sqrt(3 3 2 2)
  EXPECT_THAT(cola.figures, SizeIs(1));
  EXPECT_EQ(*cola.Find("mcc")->chance, 0);
  EXPECT_EQ(Value(Results(Cola(), Scores(Choosing({1, 1, 1, 1, 1})))[0], "mcc"),
            0);
}

TEST(AggregateTest, AccuracyByCharacter) {
  // 13 and 17 characters, right 0; 22 and 21, right 1.
  const TaskResult piqa = Results(Piqa(), Scores({{-14, -16}, {-3, -2}}))[0];
  EXPECT_EQ(Value(piqa, "acc"), 1);
  EXPECT_EQ(Value(piqa, "acc_norm"), 0.5);
  // 7, 11, 6, 7 characters, right 1: -6 / 11 is the greatest.
  const TaskResult book =
      Results(OpenBookQa(), Scores({{-5, -6, -7, -8}, {-9, -9, -9, -1}}))[0];
  EXPECT_EQ(Value(book, "acc"), 0.5);
  EXPECT_EQ(Value(book, "acc_norm"), 1);
  EXPECT_EQ(*book.Find("acc_norm")->chance, 0.25);
}

TEST(AggregateTest, ChanceOfUnequalNumbersOfChoices) {
  const TaskResult arc = Results(
      ArcChallenge(), Scores({{-1, -2, -2, -2, -2}, {-1, -2, -2, -2}}))[0];
  EXPECT_EQ(Value(arc, "acc"), 0.5);
  EXPECT_DOUBLE_EQ(*arc.Find("acc")->chance, 0.225);  // of 1/5 and 1/4
}

TEST(AggregateTest, LambadaIsGreedy) {
  std::vector<SequenceScore> scores = Scores({{-1}, {-3}});
  scores[0].greedy = true;
  const TaskResult lambada = Results(LambadaOpenAi(), scores)[0];
  EXPECT_EQ(Value(lambada, "acc"), 0.5);
  EXPECT_DOUBLE_EQ(Value(lambada, "perplexity"), std::exp(2.0));
}

TEST(AggregateTest, MmluByGroupAndSubject) {
  const auto results = Results(Mmlu(), Scores(Choosing({0, 0, 2}, 4)));
  std::vector<std::string> names;
  for (const TaskResult& result : results) names.push_back(result.name);
  EXPECT_THAT(names, testing::ElementsAre("mmlu", "mmlu_social_sciences",
                                          "mmlu_public_relations", "mmlu_stem",
                                          "mmlu_college_biology"));
  EXPECT_DOUBLE_EQ(Value(results[0], "acc"), 2.0 / 3);
  EXPECT_EQ(Value(results[1], "acc"), 1);
  EXPECT_EQ(Value(results[4], "acc"), 0.5);
  EXPECT_EQ(results[4].parent, "mmlu_stem");
  // One of two has 0.5: sqrt(1 * 2 * 0.25 / (3 - 2) / 3).
  EXPECT_DOUBLE_EQ(*results[0].Find("acc")->error, std::sqrt(0.5 / 3));
}

TEST(SamplesTest, AreNamedAsTheHarnessNamesThem) {
  const Task task = Mmlu();
  std::vector<SequenceScore> scores = Scores(Choosing({0, 0, 2}, 4));
  scores[4].greedy = true;
  const std::string lines =
      SampleLines(task, PrepareItems(task, kData, {}), scores);
  std::vector<nlohmann::json> samples;
  for (size_t at = 0; at < lines.size(); at = lines.find('\n', at) + 1) {
    const size_t end = lines.find('\n', at);
    samples.push_back(nlohmann::json::parse(lines.substr(at, end - at)));
  }
  ASSERT_THAT(samples, SizeIs(3));
  EXPECT_EQ(samples[1]["task"], "mmlu_college_biology");
  EXPECT_EQ(samples[1]["doc_id"], 1);
  EXPECT_EQ(samples[1]["target"], 1);
  EXPECT_EQ(samples[1]["acc"], 0);
  EXPECT_EQ(samples[1]["arguments"][3][1], " D");
  EXPECT_EQ(samples[1]["filtered_resps"][0], nlohmann::json({-1.0, true}));
  EXPECT_EQ(samples[1]["filtered_resps"][1], nlohmann::json({-2.0, false}));
  EXPECT_EQ(samples[2]["task"], "mmlu_public_relations");
  EXPECT_EQ(samples[2]["doc_id"], 0);
}

}  // namespace
}  // namespace llamba

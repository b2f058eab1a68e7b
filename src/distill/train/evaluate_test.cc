#include "distill/train/evaluate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "distill/data/data_testing.h"
#include "distill/distill_testing.h"
#include "distill/student/make_student.h"

namespace llamba::distill {
namespace {

constexpr int64_t kLength = 8;

// 40 tokens in documents of 10, of the shard named by `step`.
HeldOutSet Set(const TemporaryFolder& folder, int32_t step,
               int64_t vocab_size) {
  std::vector<std::vector<int32_t>> documents(4);
  for (int32_t i = 0; i < 40; ++i) {
    documents[i / 10].push_back(i * step % static_cast<int32_t>(vocab_size));
  }
  const std::string name = std::to_string(step);
  std::vector<TokenShard> shards;
  shards.push_back(MakeShard(folder / name, documents, vocab_size));
  std::vector<Mixture::Part> parts;
  parts.push_back({std::make_unique<PackedSource>(
                       std::move(shards),
                       PackingOptions{.sequence_length = kLength, .seed = 1}),
                   1});
  return {name, std::make_unique<Mixture>(std::move(parts), kLength, 1)};
}

void ExpectSame(const Evaluation& a, const Evaluation& b) {
  EXPECT_EQ(a.teacher_ppl, b.teacher_ppl);
  EXPECT_EQ(a.student_ppl, b.student_ppl);
  EXPECT_EQ(a.kl, b.kl);
  EXPECT_EQ(a.top1_agreement, b.top1_agreement);
  EXPECT_EQ(a.n_tokens, b.n_tokens);
}

// Beside another, a set has its figures over half of the sequences.
TEST(Evaluate, SetsShareTheSequencesOut) {
  const TemporaryFolder folder;
  const ModelConfig config = TinyTeacherConfig();
  const LayerStack teacher(config,
                           RandomParameters(config, 1, torch::kFloat64));
  const LayerStack student = MakeStudent(teacher, {.d_state = 4});
  const auto communicator = AloneCommunicator();
  const auto evaluate = [&](const std::vector<int32_t>& steps, int64_t n) {
    std::vector<HeldOutSet> sets;
    for (const int32_t step : steps) {
      sets.push_back(Set(folder, step, config.vocab_size));
    }
    return Evaluate(teacher, student, sets, n, 2, 5, *communicator);
  };
  const auto both = evaluate({3, 5}, 3);
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[1].name, "5");
  const auto first = evaluate({3}, 2), second = evaluate({5}, 2);
  ExpectSame(both[0].evaluation, first[0].evaluation);
  ExpectSame(both[1].evaluation, second[0].evaluation);
  EXPECT_NE(first[0].evaluation.kl, second[0].evaluation.kl);
  ExpectSame(MeanOf(first), first[0].evaluation);
}

TEST(Evaluate, TheMeanIsOverTokens) {
  const Evaluation mean =
      MeanOf({{"a", {std::exp(1.0), std::exp(2.0), 1, 1, 30}},
              {"b", {std::exp(3.0), std::exp(6.0), 3, 0, 10}}});
  EXPECT_DOUBLE_EQ(mean.teacher_ppl, std::exp(1.5));
  EXPECT_DOUBLE_EQ(mean.student_ppl, std::exp(3.0));
  EXPECT_DOUBLE_EQ(mean.kl, 1.5);
  EXPECT_DOUBLE_EQ(mean.top1_agreement, 0.75);
  EXPECT_EQ(mean.n_tokens, 40);
}

}  // namespace
}  // namespace llamba::distill

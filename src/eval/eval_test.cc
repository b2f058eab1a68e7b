#include <gmock/gmock.h>

#include "base/error.h"
#include "eval/aggregate.h"
#include "eval/statistics.h"
#include "eval/tasks/all.h"
#include "eval/text.h"

namespace llamba {
namespace {

using Json = nlohmann::json;

Item Make(const Task& task, const char* fields) {
  return task.make(Record(Json::parse(fields), "test: line 1"));
}

TEST(TasksTest, Rte) {
  const Item item = Make(Rte(), R"({"sentence1": "Rain fell.",
      "sentence2": "It was dry.", "label": "not_entailment"})");
  EXPECT_EQ(item.options[0].context,
            "Rain fell.\nQuestion: It was dry. True or False?\nAnswer:");
  EXPECT_EQ(item.options[1].continuation, " False");
  EXPECT_EQ(item.gold, 1);
}

TEST(TasksTest, ArcInBothForms) {
  const Item ours = Make(ArcEasy(), R"({"query": "Question: What is wet?",
      "choices": ["sand", "rain"], "gold": 1})");
  const Item theirs = Make(ArcEasy(), R"({"question": {"stem": "What is wet?",
      "choices": [{"text": "sand", "label": "A"},
                  {"text": "rain", "label": "B"}]}, "answerKey": "B"})");
  for (const Item& item : {ours, theirs}) {
    EXPECT_EQ(item.options[1].context, "Question: What is wet?\nAnswer:");
    EXPECT_EQ(item.options[1].continuation, " rain");
    EXPECT_EQ(item.gold, 1);
  }
}

TEST(TasksTest, WinoGrandeAndCopa) {
  const Item gap = Make(WinoGrande(), R"({"sentence": "The cup and _ broke.",
      "option1": "jug", "option2": "pan", "answer": "2"})");
  EXPECT_EQ(gap.options[1].context, "The cup and pan");
  EXPECT_EQ(gap.options[1].continuation, " broke.");
  EXPECT_EQ(gap.gold, 1);
  const Item copa = Make(Copa(), R"({"premise": "It rained. ",
      "choice1": "We got wet.", "choice2": "We sang.", "question": "effect",
      "label": 0})");
  EXPECT_EQ(copa.options[0].context, "It rained therefore");
  EXPECT_EQ(copa.options[0].continuation, "  we got wet.");
}

TEST(TasksTest, WrongFieldIsNamed) {
  try {
    Make(Sst2(), R"({"sentence": "fine", "label": 3})");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "test: line 1: field 'label': expected a whole number from 0 "
                 "to 1, found 3");
  }
}

TEST(TextTest, AsPythonHasIt) {
  EXPECT_EQ(Strip("\u00a0 a b \u3000\n"), "a b");
  EXPECT_EQ(CountCharacters("né\u4e2d"), 3);
  EXPECT_EQ(CountWords(" a  b\n"), 4);  // re.split: '', 'a', 'b', ''
  EXPECT_EQ(Capitalize("ÉA"), "Éa");
}

TEST(StatisticsTest, Errors) {
  const std::vector<double> right = {1, 0, 1, 1};
  EXPECT_DOUBLE_EQ(StandardError(right), 0.25);  // sqrt(.75 * .25 / 3)
  // sqrt((3 * 4 * .04 + 1 * 2 * .01) / (6 - 2) / 6)
  EXPECT_NEAR(
      PooledStandardError(std::vector{0.2, 0.1}, std::vector<int64_t>{4, 2}),
      0.1443376, 1e-7);
  Confusion confusion{6, 1, 2, 3};
  EXPECT_DOUBLE_EQ(confusion.F1(), 0.8);
  EXPECT_NEAR(confusion.Matthews(), 0.4780914, 1e-7);
  EXPECT_EQ(Confusion{}.Matthews(), 0);
}

TEST(AggregateTest, TiesGoToTheFirst) {
  EXPECT_EQ(Likeliest({{-2, -1, -1}, {1, 1, 1}, false, 0}), 1);
  EXPECT_EQ(LikeliestByCharacter({{-2, -1}, {4, 1}, false, 0}), 0);
}

}  // namespace
}  // namespace llamba

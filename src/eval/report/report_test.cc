// Retention, and the forms that a report takes besides the page.
#include "eval/report/report.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace llamba {
namespace {

using testing::HasSubstr;
using testing::Not;

TaskResult Result(const std::string& name, double acc) {
  TaskResult result;
  result.name = name;
  result.alias = name;
  result.items = 100;
  result.figures = {{"acc", acc, 0.05, true, 0.25}};
  return result;
}

// A test of long contexts, with the memory at its length.
TaskResult Needle(double acc, int64_t bytes) {
  TaskResult result = Result("kv_1024", acc);
  result.alias = "1024 tokens";
  result.is_benchmark = false;
  result.context_tokens = 1024;
  result.state_bytes = bytes;
  return result;
}

EvalReport Report() {
  EvalReport report;
  report.model.path = "student";
  report.model.results = {Result("copa", 0.5), Needle(0.2, 1'230'000)};
  report.baseline.emplace().path = "teacher";
  report.baseline->results = {Result("copa", 0.75), Needle(1, 4'570'000)};
  return report;
}

TEST(RetentionTest, PlainAndOverChance) {
  const Figure student{"acc", 0.5, 0.05, true, 0.25};
  const Figure teacher{"acc", 0.75, 0.05, true, 0.25};
  const auto kept = RetentionOf(student, teacher);
  EXPECT_DOUBLE_EQ(kept->plain, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*kept->over_chance, 0.5);
  // A teacher within two standard errors of chance has nothing to keep.
  const Figure guessing{"acc", 0.34, 0.05, true, 0.25};
  EXPECT_FALSE(RetentionOf(student, guessing)->over_chance);
  const Figure ours{"perplexity", 20, {}, false, {}};
  const Figure theirs{"perplexity", 10, {}, false, {}};
  EXPECT_DOUBLE_EQ(RetentionOf(ours, theirs)->plain, 0.5);
  const Figure nothing{"mcc", 0, 0.1, true, 0};
  EXPECT_FALSE(RetentionOf(student, nothing));
}

TEST(RetentionTest, LongContextsDoNotCountOverall) {
  const EvalReport report = Report();
  const auto overall = OverallOf(report.model, *report.baseline);
  EXPECT_EQ(overall->tasks, 1);
  EXPECT_DOUBLE_EQ(overall->retention.plain, 2.0 / 3);
  EXPECT_DOUBLE_EQ(*overall->retention.over_chance, 0.5);
  EXPECT_THAT(ToText(report), HasSubstr("Overall, 1 task: mean 0.5000"));
}

TEST(RetentionTest, SubjectsAndGroupsDoNotCountTwice) {
  EvalReport report = Report();
  for (auto* results : {&report.model.results, &report.baseline->results}) {
    results->push_back(Result("mmlu_anatomy", 0.9));
    results->back().parent = "mmlu_stem";
  }
  EXPECT_EQ(OverallOf(report.model, *report.baseline)->tasks, 1);
}

TEST(ReportTest, MemoryAtLengthStandsInEveryForm) {
  const EvalReport report = Report();
  for (const std::string& text :
       {ToText(report), ToMarkdown(report), ToHtml(report)}) {
    EXPECT_THAT(text, HasSubstr("1.23 MB"));
    EXPECT_THAT(text, HasSubstr("4.57 MB"));
  }
  const auto json = nlohmann::json::parse(ToJson(report));
  const auto& ours = json["results"]["kv_1024"];
  EXPECT_EQ(ours["context_tokens"], 1024);
  EXPECT_EQ(ours["state_bytes"], 1'230'000);
  EXPECT_FALSE(json["results"]["copa"].contains("state_bytes"));
  const auto& theirs = json["llamba"]["baseline"]["results"]["kv_1024"];
  EXPECT_EQ(theirs["state_bytes"], 4'570'000);
  // Without such tests there is no such column.
  EvalReport plain = Report();
  plain.model.results.pop_back();
  EXPECT_THAT(ToText(plain), Not(HasSubstr("state")));
}

TEST(ReportTest, CostsStandBesideTheBaselines) {
  EvalReport report = Report();
  EXPECT_THAT(ToText(report), Not(HasSubstr("after tokens")));
  report.model.costs = {{0, 100, 39'700}, {512, 99, 39'700}};
  EXPECT_THAT(ToText(report), HasSubstr("         512        99  39.7 kB\n"));
  report.baseline->costs = {{0, 1234.4, 512'000}};
  for (const std::string& text : {ToText(report), ToMarkdown(report)}) {
    for (const char* cell : {"39.7 kB", "1234", "512 kB"}) {
      EXPECT_THAT(text, HasSubstr(cell));
    }
  }
}

TEST(ReportTest, TimeAgainstThePrefillRate) {
  EvalReport report = Report();
  report.model.usage.tokens_run = 1000;
  report.model.usage.seconds = 12;
  EXPECT_THAT(ToText(report), Not(HasSubstr("a prompt is read")));
  report.model.prefill_seconds_a_token = 0.01;
  EXPECT_THAT(ToText(report), HasSubstr("scoring took 1.20 times"));
  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_DOUBLE_EQ(json["llamba"]["model"]["usage"]["seconds_over_prefill"],
                   1.2);
}

TEST(ReportTest, JsonIsTheHarness) {
  EvalReport report = Report();
  report.limit = 7;
  report.model.results[0].figures[0].error = std::nan("");
  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_EQ(json["results"]["copa"]["acc,none"], 0.5);
  EXPECT_EQ(json["results"]["copa"]["acc_stderr,none"], "N/A");
  EXPECT_EQ(json["results"]["copa"]["alias"], "copa");
  EXPECT_EQ(json["n-samples"]["copa"]["effective"], 100);
  EXPECT_EQ(json["higher_is_better"]["copa"]["acc"], true);
  EXPECT_EQ(json["config"]["limit"], 7);
  EXPECT_DOUBLE_EQ(json["llamba"]["retention"]["overall"]["plain"], 2.0 / 3);
}

}  // namespace
}  // namespace llamba

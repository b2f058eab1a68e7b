#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eval/report/html.h"
#include "eval/report/report.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TaskResult Result(const std::string& name, double value) {
  TaskResult result;
  result.name = name;
  result.alias = name;
  result.items = 100;
  result.figures = {{"acc", value, 0.05, true, 0.25}};
  return result;
}

EvalReport Report() {
  EvalReport report;
  report.model.path = "a<b>&\"c\".gguf";
  report.model.results = {Result("copa", 0.5)};
  report.model.costs = {{0, 100, 1'000'000}, {512, 99, 1'000'000}};
  return report;
}

TEST(HtmlReport, EscapesWhatItWasGiven) {
  const std::string page = ToHtml(Report());
  EXPECT_THAT(page, HasSubstr("a&lt;b&gt;&amp;&quot;c&quot;.gguf"));
  EXPECT_THAT(page, Not(HasSubstr("a<b>")));
}

TEST(HtmlReport, NeedsNothingFromElsewhere) {
  const std::string page = ToHtml(Report());
  for (const char* outside :
       {"http:", "https:", "<script", "src=", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  }
}

TEST(HtmlReport, ShowsTheBaselineBeside) {
  EvalReport report = Report();
  EXPECT_THAT(ToHtml(report), Not(HasSubstr("kept")));
  report.baseline = Report().model;
  report.baseline->path = "teacher.gguf";
  report.baseline->results = {Result("copa", 0.6)};
  const std::string page = ToHtml(report);
  EXPECT_THAT(page, HasSubstr("83.3 %"));  // 0.5 of 0.6
  EXPECT_THAT(page, HasSubstr("71.4 %"));  // 0.25 of 0.35 over chance
  EXPECT_THAT(page, HasSubstr("teacher.gguf"));
}

TEST(HtmlReport, DrawsCostsWhereTheyWereMeasured) {
  EvalReport report = Report();
  EXPECT_THAT(ToHtml(report), HasSubstr("<polyline"));
  report.model.costs.clear();
  EXPECT_THAT(ToHtml(report), Not(HasSubstr("<polyline")));
}

TEST(HtmlBars, LieInTheirScale) {
  // 420 units wide from 130 on: what lies beyond 1 is cut.
  EXPECT_THAT(html::Bars({{"half", 0.5, {}, {}, {}, {}}}),
              HasSubstr("x=\"130.0\" y=\"4.0\" width=\"210.0\""));
  EXPECT_THAT(html::Bars({{"more", 1.5, {}, {}, {}, {}}}),
              HasSubstr("x=\"130.0\" y=\"4.0\" width=\"420.0\""));
}

}  // namespace
}  // namespace llamba

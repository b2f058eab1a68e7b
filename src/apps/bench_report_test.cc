#include "apps/bench_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace llamba {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

BenchReport Report() {
  BenchReport report;
  report.model = "m.gguf";
  report.step_bytes = 1'000'000;
  report.peaks = {100e9, 200e9, 400e9};
  report.prefills = {{512, 2.0, 50e9}};
  report.decodes = {{0, 4, 0.5, 0.25, 1'200'000, 10'000, 5e9, 0.6}};
  return report;
}

TEST(BenchReport, RatesAndShares) {
  BenchReport report = Report();
  EXPECT_DOUBLE_EQ(report.TokensPerSecond(report.prefills[0]), 256);
  EXPECT_DOUBLE_EQ(report.TokensPerSecond(report.decodes[0]), 8);
  EXPECT_DOUBLE_EQ(report.StreamRate(report.decodes[0]), 4e6);
  // 2 x 50e9 operations in 2 s are 50e9 a second.
  EXPECT_DOUBLE_EQ(report.ShareOfPeak(50e9, 2), 0.5);
  report.products = Products::kIntegers;
  EXPECT_DOUBLE_EQ(report.ShareOfPeak(50e9, 2), 0.125);
  report.peaks.integers = 0;
  EXPECT_EQ(report.ShareOfPeak(50e9, 2), 0);
  // bf16 could be multiplied as float32 as well.
  report.products = Products::kBf16;
  EXPECT_DOUBLE_EQ(report.ShareOfPeak(50e9, 2), 0.25);
  report.peaks.bf16 = 50e9;
  EXPECT_DOUBLE_EQ(report.ShareOfPeak(50e9, 2), 0.5);
}

TEST(BenchReport, ComparesWhatHasTheSameSize) {
  BenchReport report = Report();
  nlohmann::ordered_json before = ToJson(report);
  before["decode"][0]["tokens_per_second"] = 4.0;
  before["prefill"][0]["tokens"] = 128;
  const std::string text = ToMarkdown(report, &before);
  EXPECT_THAT(text, HasSubstr("100 GFLOP/s in float32, 200 in bf16, 400 G"));
  report.peaks.bf16 = 0;  // no such instructions
  EXPECT_THAT(ToMarkdown(report, nullptr),
              HasSubstr("100 GFLOP/s in float32, 400 G"));
  EXPECT_THAT(text, HasSubstr("| 0 | 4 | 8.00 | 500.00 | 0.00 | 60.0 % | "
                              "20.0 % | 2.00 x |"));
  EXPECT_THAT(text, HasSubstr("| 512 | 256.0 | 2000.0 | 50.0 % | - |"));
  EXPECT_THAT(ToMarkdown(report, nullptr), Not(HasSubstr("against")));
}

TEST(BenchReport, RefusesOtherFiles) {
  const std::string path =
      (std::filesystem::temp_directory_path() /
       ("llamba_bench_report_" + std::to_string(getpid()) + ".json"))
          .string();
  for (const char* text : {"{", "[]", R"({"decode": []})",
                           R"({"decode": [], "prefill": [{"tokens": 1}]})"}) {
    WriteFileAtomically(path, text);
    EXPECT_THAT([&] { ReadBenchReport(path); },
                ThrowsMessage<Error>(HasSubstr(path)))
        << text;
  }
  constexpr int kDepth = 500'000;
  WriteFileAtomically(path, R"({"decode": [], "prefill": [], "model": )" +
                                std::string(kDepth, '[') +
                                std::string(kDepth, ']') + "}");
  EXPECT_THAT([&] { ReadBenchReport(path); },
              ThrowsMessage<Error>(HasSubstr("expected JSON nested 100 deep")));
  WriteFileAtomically(path, ToJson(Report()).dump());
  EXPECT_EQ(ReadBenchReport(path)["decode"].size(), 1u);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace llamba

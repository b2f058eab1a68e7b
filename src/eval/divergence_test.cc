#include "eval/divergence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace llamba {
namespace {

// By Python's math and fractions of e: logits are logs of whole numbers, so
// that the probabilities are 1/7, 2/7, 4/7 and 4/7, 2/7, 1/7.
TEST(Divergence, KnownDistributions) {
  const std::vector<float> a = {0.0f, std::log(2.0f), std::log(4.0f)};
  const std::vector<float> b = {std::log(4.0f), std::log(2.0f), 0.0f};
  const TokenComparison token = CompareLogits(a, b, 2);
  // Inputs are rounded to float: relative errors of 6e-8.
  EXPECT_NEAR(LogSumExp(a), std::log(7.0), 1e-6);
  EXPECT_NEAR(token.nll_a, std::log(7.0 / 4), 1e-6);
  EXPECT_NEAR(token.nll_b, std::log(7.0), 1e-6);
  // 1/7 log(1/4) + 4/7 log 4.
  EXPECT_NEAR(token.kl, 3.0 / 7 * std::log(4.0), 1e-6);
  EXPECT_FALSE(token.same_top);
}

TEST(Divergence, ShiftsDoNotMatterAndEqualRowsDoNotDiverge) {
  const std::vector<float> a = {1000.0f, 1001.0f, 999.0f};
  const std::vector<float> b = {0.0f, 1.0f, -1.0f};
  const TokenComparison token = CompareLogits(a, b, 1);
  EXPECT_NEAR(token.kl, 0, 1e-13);
  EXPECT_GE(token.kl, 0);
  EXPECT_DOUBLE_EQ(token.nll_b, std::log1p(std::exp(-1.0) + std::exp(-2.0)));
  // 1000 costs three digits of the sixteen.
  EXPECT_NEAR(token.nll_a, token.nll_b, 1e-12);
  EXPECT_TRUE(token.same_top);
}

TEST(Divergence, HugeLogitsStayFinite) {
  const std::vector<float> a = {3e38f, -3e38f};
  const TokenComparison token = CompareLogits(a, a, 0);
  EXPECT_EQ(token.kl, 0);
  EXPECT_EQ(token.nll_a, 0);
}

TEST(Divergence, SummaryOfManyTokens) {
  Divergence divergence;
  EXPECT_EQ(divergence.Summary().tokens, 0);
  EXPECT_EQ(divergence.Summary().mean_kl, 0);
  for (int i = 1; i <= 200; ++i) {
    TokenComparison token;
    token.nll_a = i <= 100 ? 1 : 3;
    token.nll_b = 2.5;
    token.kl = (i * 37 % 200) + 1;  // 1 to 200 in another order
    token.same_top = i % 4 != 0;
    divergence.Add(token);
  }
  const DivergenceSummary summary = divergence.Summary();
  EXPECT_EQ(summary.tokens, 200);
  EXPECT_DOUBLE_EQ(summary.ppl_a, std::exp(2.0));
  EXPECT_DOUBLE_EQ(summary.ppl_b, std::exp(2.5));
  EXPECT_DOUBLE_EQ(summary.mean_kl, 100.5);
  EXPECT_DOUBLE_EQ(summary.top1_agreement, 0.75);
  EXPECT_EQ(summary.p99_kl, 198);  // 198 of 200 are 99 %
}

TEST(Divergence, PercentileOfFewTokensIsTheGreatest) {
  Divergence divergence;
  for (const double kl : {0.5, 0.25, 0.125}) {
    TokenComparison token;
    token.kl = kl;
    divergence.Add(token);
  }
  EXPECT_EQ(divergence.Summary().p99_kl, 0.5);
}

}  // namespace
}  // namespace llamba

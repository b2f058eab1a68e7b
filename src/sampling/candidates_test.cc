#include "sampling/candidates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sampling/random.h"

namespace llamba {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// Logits whose probabilities are those given (they sum to 1).
std::vector<float> LogitsOf(const std::vector<double>& p) {
  std::vector<float> logits;
  for (double x : p) logits.push_back(static_cast<float>(std::log(x) + 3));
  return logits;
}

std::vector<int32_t> Ids(const Candidates& candidates) {
  std::vector<int32_t> ids;
  for (const Candidate& c : candidates) ids.push_back(c.id);
  return ids;
}

TEST(CandidatesTest, LeavesForbiddenTokensOut) {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(Ids(MakeCandidates(std::vector<float>{1, kNever, 0})),
              ElementsAre(0, 2));
}

TEST(TopKTest, KeepsTheLargestAndTheLowerIdOnTies) {
  const Candidates c = MakeCandidates(std::vector<float>{1, 5, 2, 2, 2, 0}, 3);
  EXPECT_THAT(Ids(c), ElementsAre(1, 2, 3));
}

// Against all of them in order; logits of few values, so that many are equal.
TEST(TopKTest, KeepsWhatSortingWouldOfALargeVocabulary) {
  Random random(5);
  std::vector<float> logits(20'000);
  for (float& x : logits)
    x = std::floor(static_cast<float>(random.Uniform() * 300));
  logits[17] = -std::numeric_limits<float>::infinity();
  std::vector<int32_t> ids = Ids(MakeCandidates(logits));
  std::stable_sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  for (const size_t k : {1, 40, 64, 65, 3'000, 4'999, 5'000, 19'998}) {
    const std::vector<int32_t> first(
        ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(k));
    EXPECT_EQ(Ids(MakeCandidates(logits, static_cast<int64_t>(k))), first) << k;
  }
}

TEST(TopKTest, OffAndLargerThanTheVocabularyKeepAll) {
  for (int64_t k : {0, 3, 100}) {
    const Candidates c = MakeCandidates(std::vector<float>{1, 5, 2}, k);
    EXPECT_THAT(Ids(c), ElementsAre(0, 1, 2)) << k;
  }
}

TEST(TopPTest, KeepsTheFewestThatReachP) {
  const auto logits = LogitsOf({0.1, 0.4, 0.2, 0.3});
  const std::vector<std::pair<double, std::vector<int32_t>>> cases = {
      {0.0, {1}},     {0.39, {1}},       {0.41, {1, 3}},
      {0.69, {1, 3}}, {0.71, {1, 3, 2}}, {0.95, {1, 3, 2, 0}}};
  for (const auto& [p, ids] : cases) {
    Candidates c = MakeCandidates(logits);
    KeepTopP(c, p);
    EXPECT_EQ(Ids(c), ids) << p;
  }
}

TEST(MinPTest, MeasuresAgainstTheMostProbable) {
  Candidates c = MakeCandidates(LogitsOf({0.1, 0.4, 0.2, 0.3}));
  KeepMinP(c, 0.6);  // at least 0.24
  EXPECT_THAT(Ids(c), ElementsAre(1, 3));
  KeepMinP(c, 1.0);
  EXPECT_THAT(Ids(c), ElementsAre(1));
}

TEST(TypicalTest, KeepsWhatIsAsSurprisingAsExpected) {
  // Entropy 1.1682 nats; surprises: 0.5 -> 0.693 (0.475 away), 0.2 -> 1.609
  // (0.441), 0.25 -> 1.386 (0.218), 0.05 -> 2.996 (1.828).
  const auto logits = LogitsOf({0.5, 0.2, 0.25, 0.05});
  Candidates c = MakeCandidates(logits);
  KeepTypical(c, 0.2);
  EXPECT_THAT(Ids(c), ElementsAre(2));
  c = MakeCandidates(logits);
  KeepTypical(c, 0.4);
  EXPECT_THAT(Ids(c), UnorderedElementsAre(1, 2));
  c = MakeCandidates(logits);
  KeepTypical(c, 0.9);
  EXPECT_THAT(Ids(c), UnorderedElementsAre(0, 1, 2));
}

// The blockwise selection against a full sort, over a large vocabulary.
TEST(TopPTest, AgreesWithAFullSortOverALargeVocabulary) {
  Random random(3);
  std::vector<float> logits(50000);
  for (float& x : logits) x = static_cast<float>(4 * random.Uniform());
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  double total = 0;
  for (float x : logits) total += std::exp(static_cast<double>(x));
  for (double p : {0.001, 0.3, 0.9}) {
    std::vector<int32_t> expected;
    double sum = 0;
    for (int32_t id : order) {
      expected.push_back(id);
      sum += std::exp(static_cast<double>(logits[static_cast<size_t>(id)])) /
             total;
      if (sum >= p) break;
    }
    Candidates c = MakeCandidates(logits);
    KeepTopP(c, p);
    EXPECT_EQ(Ids(c), expected) << p;
  }
}

TEST(DrawTest, WalksTheCumulatedProbabilities) {
  const Candidates c = MakeCandidates(LogitsOf({0.25, 0.25, 0.5}));
  EXPECT_EQ(Draw(c, 1, 0.0), 0);
  EXPECT_EQ(Draw(c, 1, 0.2499), 0);
  EXPECT_EQ(Draw(c, 1, 0.2501), 1);
  EXPECT_EQ(Draw(c, 1, 0.5001), 2);
  EXPECT_EQ(Draw(c, 1, 0.9999999999), 2);
}

TEST(DrawTest, TemperatureFlattensAndSharpens) {
  // At temperature 1/2 probabilities go as their squares: 1/5 and 4/5.
  const Candidates c = MakeCandidates(LogitsOf({1.0 / 3, 2.0 / 3}));
  EXPECT_EQ(Draw(c, 0.5, 0.199), 0);
  EXPECT_EQ(Draw(c, 0.5, 0.201), 1);
  // At temperature 2 as their roots: 1 / (1 + sqrt 2) = 0.4142.
  EXPECT_EQ(Draw(c, 2, 0.4141), 0);
  EXPECT_EQ(Draw(c, 2, 0.4143), 1);
}

TEST(DrawTest, NeverTakesWhatUnderflows) {
  const Candidates c = MakeCandidates(std::vector<float>{-1e6F, 0, -1e6F});
  EXPECT_EQ(Draw(c, 1, 0.0), 1);
  EXPECT_EQ(Draw(c, 1, 1 - 1e-16), 1);
}

}  // namespace
}  // namespace llamba

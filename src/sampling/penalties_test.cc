#include "sampling/penalties.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace llamba {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(PenaltiesTest, LowersWhatTheWindowHolds) {
  SamplerOptions options;
  options.penalty_window = 4;
  options.repetition_penalty = 2;
  options.presence_penalty = 0.5F;
  options.frequency_penalty = 0.25F;
  std::vector<float> logits = {4, -4, 1, 3};
  // Token 3 lies before the window; 0 stands in it once, 1 three times.
  const std::vector<int32_t> history = {3, 0, 1, 1, 1};
  ApplyPenalties(options, history, logits);
  // 4/2 - 0.5 - 0.25; -4*2 - 0.5 - 3*0.25.
  EXPECT_THAT(logits, ElementsAre(1.25F, -9.25F, 1, 3));
}

TEST(PenaltiesTest, AWindowOfZeroIsOff) {
  SamplerOptions options;
  options.penalty_window = 0;
  options.repetition_penalty = 2;
  std::vector<float> logits = {4, 4};
  ApplyPenalties(options, std::vector<int32_t>{0, 1}, logits);
  EXPECT_THAT(logits, Each(4));
}

std::vector<float> Dry(const SamplerOptions& options,
                       const std::vector<int32_t>& history) {
  std::vector<float> logits(10, 0.0F);
  ApplyDry(options, history, logits);
  return logits;
}

SamplerOptions DryOptions() {
  SamplerOptions options;
  options.dry_multiplier = 1;
  options.dry_base = 2;
  options.dry_allowed_length = 2;
  return options;
}

TEST(DryTest, PenalisesTheTokenThatContinuesARepetition) {
  // "1 2 3 4 | 1 2 3": 4 would make the repetition of three tokens longer.
  const auto logits = Dry(DryOptions(), {1, 2, 3, 4, 1, 2, 3});
  EXPECT_THAT(logits, ElementsAre(0, 0, 0, 0, -2, 0, 0, 0, 0, 0));
}

TEST(DryTest, TakesTheLongestMatchOfAToken) {
  // Before 4 stands "2 3" once and "1 2 3" once; before 5, "2 3".
  const auto logits =
      Dry(DryOptions(), {2, 3, 4, 9, 1, 2, 3, 4, 8, 2, 3, 5, 7, 1, 2, 3});
  EXPECT_EQ(logits[4], -2);  // 2^(3 - 2)
  EXPECT_EQ(logits[5], -1);  // 2^(2 - 2)
}

TEST(DryTest, ShorterRepetitionsThanAllowedAreFree) {
  EXPECT_THAT(Dry(DryOptions(), {3, 4, 9, 3}), Each(0));
}

TEST(DryTest, OverlappingRepetitionsCount) {
  // After five 6s, the end "6 6 6 6" occurred one token earlier: length 4.
  const auto logits = Dry(DryOptions(), {6, 6, 6, 6, 6});
  EXPECT_EQ(logits[6], -4);
}

TEST(DryTest, NoRepetitionRunsAcrossABreaker) {
  SamplerOptions options = DryOptions();
  options.dry_breakers = {0};
  // "1 2 0 3 4 5": of the repeated end "2 0 3 4" only "3 4" counts.
  EXPECT_EQ(Dry(options, {2, 0, 3, 4, 5, 2, 0, 3, 4})[5], -1);
  // Only one token since the breaker: nothing counts.
  EXPECT_THAT(Dry(options, {2, 3, 0, 4, 5, 2, 3, 0, 4}), Each(0));
  // A breaker itself is never penalised.
  EXPECT_THAT(Dry(options, {1, 2, 3, 0, 1, 2, 3}), Each(0));
}

TEST(DryTest, LooksBackItsWindowOnly) {
  SamplerOptions options = DryOptions();
  options.dry_window = 6;  // the 1 of the first "1 2 3" is out of it
  EXPECT_EQ(Dry(options, {1, 2, 3, 4, 1, 2, 3})[4], -1);
  options.dry_window = 4;
  EXPECT_THAT(Dry(options, {1, 2, 3, 4, 1, 2, 3}), Each(0));
}

TEST(DryTest, StaysFiniteOverLongRepetitions) {
  const auto logits = Dry(DryOptions(), std::vector<int32_t>(4000, 6));
  EXPECT_EQ(logits[6], -1e30F);
}

}  // namespace
}  // namespace llamba

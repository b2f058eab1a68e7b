#include "generate/stop_matcher.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace llamba {
namespace {

TEST(StopMatcherTest, PassesTextThroughWithoutStops) {
  StopMatcher matcher({});
  EXPECT_EQ(matcher.Feed("abc"), "abc");
  EXPECT_EQ(matcher.Flush(), "");
  EXPECT_FALSE(matcher.stopped());
}

TEST(StopMatcherTest, HoldsBackWhatMayBecomeAStop) {
  StopMatcher matcher({"\n\nUser:"});
  EXPECT_EQ(matcher.Feed("Hi.\n"), "Hi.");
  EXPECT_EQ(matcher.Feed("\nUs"), "");
  EXPECT_EQ(matcher.Feed("age"), "\n\nUsage");
  EXPECT_EQ(matcher.Feed(" x\n\nUser"), " x");
  EXPECT_EQ(matcher.Feed(": secret"), "");
  EXPECT_TRUE(matcher.stopped());
  EXPECT_EQ(matcher.match(), "\n\nUser:");
  EXPECT_EQ(matcher.Feed("more"), "");
  EXPECT_EQ(matcher.Flush(), "");
}

TEST(StopMatcherTest, FlushGivesWhatWasHeld) {
  StopMatcher matcher({"END"});
  EXPECT_EQ(matcher.Feed("the EN"), "the ");
  EXPECT_EQ(matcher.Flush(), "EN");
}

TEST(StopMatcherTest, TheEarliestOfSeveralCounts) {
  StopMatcher matcher({"world", "lo w"});
  EXPECT_EQ(matcher.Feed("hello world"), "hel");
  EXPECT_EQ(matcher.match(), "lo w");
}

TEST(StopMatcherTest, OverlappingBeginningsAreNotMissed) {
  StopMatcher matcher({"aab"});
  EXPECT_EQ(matcher.Feed("aaa"), "a");
  EXPECT_EQ(matcher.Feed("b"), "");
  EXPECT_TRUE(matcher.stopped());
}

TEST(StopMatcherTest, AnyCutOfTheTextGivesTheSame) {
  const std::string text = "one ###tw## o##\n#### five";
  const std::string stop = "####";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    for (size_t cut2 = cut; cut2 <= text.size(); ++cut2) {
      StopMatcher matcher({stop, "never"});
      std::string shown = matcher.Feed(text.substr(0, cut));
      shown += matcher.Feed(text.substr(cut, cut2 - cut));
      shown += matcher.Feed(text.substr(cut2));
      shown += matcher.Flush();
      ASSERT_EQ(shown, "one ###tw## o##\n") << cut << " " << cut2;
    }
  }
}

TEST(StopMatcherTest, AnEmptyStopIsAnError) {
  EXPECT_THROW(StopMatcher({""}), Error);
}

}  // namespace
}  // namespace llamba

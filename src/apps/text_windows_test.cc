#include "apps/text_windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace llamba {
namespace {

using ::testing::ElementsAre;

std::vector<std::vector<int32_t>> Windows(int n) {
  std::vector<std::vector<int32_t>> windows;
  for (int32_t i = 0; i < n; ++i) windows.push_back({0, i, i, i, i});
  windows.push_back({0, n});
  return windows;
}

// The first tokens of a corpus are one of its sources alone.
TEST(SpreadWindows, TakesThemFromAllOverTheText) {
  const auto windows = SpreadWindows(Windows(9), 10);
  ASSERT_EQ(windows.size(), 3U);
  EXPECT_THAT(windows[0], ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(windows[1], ElementsAre(0, 3, 3, 3, 3));
  EXPECT_THAT(windows[2], ElementsAre(0, 6, 6));
  EXPECT_EQ(TokensIn(windows), 10);
}

TEST(SpreadWindows, TakesAllThatThereIs) {
  for (const int64_t limit : {0, 37, 1000}) {
    EXPECT_EQ(SpreadWindows(Windows(9), limit), Windows(9));
  }
  EXPECT_EQ(TokensIn(SpreadWindows(Windows(9), 36)), 36);
  EXPECT_EQ(SpreadWindows(Windows(9), 1).size(), 1U);
}

}  // namespace
}  // namespace llamba

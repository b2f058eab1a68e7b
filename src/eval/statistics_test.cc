#include "eval/statistics.h"

#include <gmock/gmock.h>

#include "eval/text.h"

namespace llamba {
namespace {

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

}  // namespace
}  // namespace llamba

#include "distill/train/schedule.h"

#include <gtest/gtest.h>

namespace llamba::distill {
namespace {

TEST(Schedule, RisesStaysAndFalls) {
  const Schedule s{
      .peak = 1, .final = 0.1, .warmup = 0.2, .decay = 0.3, .n_steps = 10};
  const double expected[] = {0.5, 1, 1, 1, 1, 1, 1, 0.7, 0.4, 0.1};
  for (int step = 0; step < 10; ++step) {
    EXPECT_NEAR(s.LearningRate(step), expected[step], 1e-15) << step;
  }
}

TEST(Schedule, OfOneStepOrWithoutSlopes) {
  EXPECT_EQ((Schedule{.peak = 2, .n_steps = 1}.LearningRate(0)), 2);
  const Schedule flat{.peak = 2, .warmup = 0, .decay = 0, .n_steps = 3};
  for (int step = 0; step < 3; ++step) EXPECT_EQ(flat.LearningRate(step), 2);
}

}  // namespace
}  // namespace llamba::distill

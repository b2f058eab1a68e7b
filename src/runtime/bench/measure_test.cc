#include "runtime/bench/measure.h"

#include <gtest/gtest.h>

#include "runtime/bench/stream.h"
#include "runtime/fixtures_test.h"

namespace llamba {
namespace {

TEST(MeasureTest, Median) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 3);
}

TEST(MeasureTest, AStepReadsEveryMatrixOnce) {
  // llama: 2 layers of q, o (32 x 24), k, v (16 x 24), three of 36 x 24, and an
  // untied head of 40 x 24, in BF16.
  const auto model = LoadFixture("llama");
  const int64_t layer = 24 * (2 * 32 + 2 * 16 + 3 * 36);
  EXPECT_EQ(TotalBytes(StepMatrices(model->weights())),
            2 * (2 * layer + 40 * 24));
}

TEST(MeasureTest, EveryFigureIsMeasured) {
  for (const std::string& name : kFixtures) {
    Measure measure(LoadFixture(name), 1);
    EXPECT_GT(measure.Prefill(5).seconds, 0);
    const DecodeSpeed speed = measure.Decode(3, 2);
    EXPECT_EQ(speed.depth, 3);
    EXPECT_EQ(speed.batch, 2);
    EXPECT_GT(speed.seconds, 0);
    EXPECT_GT(speed.stream_seconds, 0);
    EXPECT_GT(speed.of_stream, 0);
  }
}

}  // namespace
}  // namespace llamba

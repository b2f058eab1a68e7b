#include "runtime/bench/measure.h"

#include <gtest/gtest.h>

#include "runtime/bench/peak.h"
#include "runtime/bench/stream.h"
#include "runtime/fixtures_test.h"

namespace llamba {
namespace {

TEST(MeasureTest, Median) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 3);
}

TEST(PeaksTest, BestTakesTheLargerOfEach) {
  const Peaks best = Best({1, 5, 0}, {2, 4, 3});
  EXPECT_EQ(best.float32, 2);
  EXPECT_EQ(best.bf16, 5);
  EXPECT_EQ(best.integers, 3);
}

TEST(MeasureTest, AStepReadsEveryMatrixOnce) {
  // llama: 2 layers of q, o (32 x 24), k, v (16 x 24), three of 36 x 24, and an
  // untied head of 40 x 24, in BF16.
  const auto model = LoadFixture("llama");
  const int64_t layer = 24 * (2 * 32 + 2 * 16 + 3 * 36);
  EXPECT_EQ(TotalBytes(StepMatrices(model->weights())),
            2 * (2 * layer + 40 * 24));
}

TEST(MeasureTest, AStepOfABatchMovesItsStates) {
  const auto model = LoadFixture("llamba");
  Measure measure(model, 1);
  const auto state = static_cast<int64_t>(model->NewState().bytes());
  EXPECT_EQ(measure.Decode(0, 3).bytes, measure.step_bytes() + 3 * 2 * state);
}

TEST(MeasureTest, APromptsLastTokenAloneGoesThroughTheHead) {
  // As above, a multiply-add an element and token.
  Measure measure(LoadFixture("llama"), 1);
  EXPECT_EQ(measure.Prefill(7).multiply_adds,
            7 * 2 * 24 * (2 * 32 + 2 * 16 + 3 * 36) + 40 * 24);
}

TEST(MeasureTest, EveryFigureIsMeasured) {
  for (const std::string& name : kFixtures) {
    Measure measure(LoadFixture(name), 1);
    const PrefillSpeed prefill = measure.Prefill(5);
    EXPECT_GT(prefill.seconds, 0);
    EXPECT_GT(prefill.multiply_adds, 0);
    const DecodeSpeed speed = measure.Decode(3, 2);
    EXPECT_EQ(speed.depth, 3);
    EXPECT_EQ(speed.batch, 2);
    EXPECT_GT(speed.seconds, 0);
    EXPECT_GT(speed.stream_seconds, 0);
    EXPECT_GT(speed.of_stream, 0);
    EXPECT_GT(speed.bytes, measure.step_bytes());
  }
}

}  // namespace
}  // namespace llamba

#include "distill/train/flops.h"

#include <gtest/gtest.h>

#include "distill/distill_testing.h"
#include "distill/student/make_student.h"

namespace llamba::distill {
namespace {

// Counted by hand for the tiny teacher (d 16, 2 layers, 4 heads of 4 over 2,
// MLP 20, vocabulary 24) at 10 tokens: attention 16 (16 + 8 + 8 + 16) = 768
// weights, its products 16 x 10, MLP 3 x 16 x 20 = 960.
constexpr double kTeacherBlocks = 2.0 * 2 * (768 + 160 + 960);

TEST(Flops, CountWhatEachStageMultiplies) {
  const ModelConfig teacher = TinyTeacherConfig();
  const ModelConfig student = StudentConfig(teacher, {.d_state = 4});
  // in_proj: x 16, B 16, C 16, z 16, A_log 4; stage 1 needs 36 rows of it, and
  // 16 x 10 / 2 products of C and B.
  EXPECT_DOUBLE_EQ(FlopsPerToken(1, teacher, student, 10),
                   kTeacherBlocks + 2 * (4.0 * 16 * 36 + 6.0 * 80));
  // The scan: 16 x 4 products into the state, as many out of it.
  const double rest = 6.0 * (2 * 16 * 4 + 16 * 16 + 960);
  EXPECT_DOUBLE_EQ(FlopsPerToken(2, teacher, student, 10),
                   kTeacherBlocks + 2 * (4.0 * 16 * 68 + rest));
  EXPECT_DOUBLE_EQ(FlopsPerToken(3, teacher, student, 10),
                   kTeacherBlocks + 2 * (6.0 * 16 * 68 + rest) + 8.0 * 16 * 24);
}

TEST(Flops, AKeptAttentionLayerCostsInStage3Alone) {
  const ModelConfig teacher = TinyTeacherConfig();
  const ModelConfig pure = StudentConfig(teacher, {.d_state = 4});
  const ModelConfig hybrid =
      StudentConfig(teacher, {.d_state = 4, .keep_attention = {1}});
  const double layer =
      FlopsPerToken(1, teacher, pure, 10) - kTeacherBlocks;  // two of them
  EXPECT_DOUBLE_EQ(FlopsPerToken(1, teacher, hybrid, 10),
                   kTeacherBlocks + layer / 2);
  EXPECT_DOUBLE_EQ(
      FlopsPerToken(3, teacher, hybrid, 10) -
          FlopsPerToken(3, teacher, pure, 10),
      6.0 * (768 + 160 + 960) - 6.0 * (16 * 68 + 2 * 16 * 4 + 16 * 16 + 960));
}

}  // namespace
}  // namespace llamba::distill

#include "distill/train/maps.h"

#include <gtest/gtest.h>

#include <cmath>

#include "distill/distill_testing.h"
#include "distill/student/make_student.h"

namespace llamba::distill {
namespace {

// 64 tokens are 64 cells; the teacher's are its attention weights, the
// student's its mixing matrix on the same hidden states.
TEST(Maps, ShowTheMatricesOfSomeLayers) {
  const ModelConfig config = TinyTeacherConfig();
  const LayerStack teacher(config,
                           RandomParameters(config, 1, torch::kFloat64));
  const LayerStack student =
      MakeStudent(teacher, {.d_state = 4, .keep_attention = {0}});
  Batch batch = TinyBatch(config.vocab_size, 70, 3);
  batch = {batch.ids.slice(0, 0, 1), batch.segments.slice(0, 0, 1)};
  const MapsSnapshot maps = TakeMaps(teacher, student, batch);
  EXPECT_EQ(maps.size, 64);
  EXPECT_EQ(maps.n_tokens, 64);
  ASSERT_EQ(maps.heads.size(), 2U);  // of layer 1: layer 0 is attention
  EXPECT_EQ(maps.heads[1].layer, 1);
  EXPECT_EQ(maps.heads[1].head, 2);

  const Batch part{batch.ids.slice(1, 0, 64), batch.segments.slice(1, 0, 64)};
  const LayerContext context = teacher.MakeContext(part);
  const Tensor x = teacher.Block(0, teacher.Embed(part.ids), context);
  const Tensor expected[2] = {teacher.MixingMatrix(1, x, context)[0][2],
                              student.MixingMatrix(1, x, context)[0][2]};
  for (int which = 0; which < 2; ++which) {
    const auto& cells =
        which == 0 ? maps.heads[1].teacher : maps.heads[1].student;
    ASSERT_EQ(cells.size(), 64U * 64U);
    for (const int64_t i : {0, 64, 65, 640, 4095}) {
      const double v = expected[which][i / 64][i % 64].item<double>();
      const double root =
          std::copysign(std::sqrt(std::min(1.0, std::abs(v))), v);
      EXPECT_NEAR(cells[i], 128 + 127 * root, 0.501) << which << ", " << i;
    }
  }
  EXPECT_NE(MapsToJson(maps, 1, 0, true).find("\"teacher\""),
            std::string::npos);
  EXPECT_EQ(MapsToJson(maps, 1, 0, false).find("\"teacher\""),
            std::string::npos);
}

// A sequence longer than the cells: 130 tokens are 64 blocks of 2, whose rows
// still weigh 1 in the teacher's.
TEST(Maps, PoolLongSequences) {
  const ModelConfig config = TinyTeacherConfig();
  const LayerStack teacher(config,
                           RandomParameters(config, 1, torch::kFloat64));
  const LayerStack student = MakeStudent(teacher, {.d_state = 4});
  Batch batch = TinyBatch(config.vocab_size, 130, 3);
  const MapsSnapshot maps =
      TakeMaps(teacher, student,
               {batch.ids.slice(0, 1, 2), batch.segments.slice(0, 1, 2)});
  EXPECT_EQ(maps.n_tokens, 128);
  double row = 0;
  for (int i = 0; i < 64; ++i) {
    const double root = (maps.heads[0].teacher[63 * 64 + i] - 128) / 127.0;
    row += root * root;
  }
  EXPECT_NEAR(row, 1, 0.07);  // roots that add up to 8 at most, each to 1 / 254
}

}  // namespace
}  // namespace llamba::distill

#include "distill/teacher/teacher_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "distill/data/data_testing.h"

namespace llamba::distill {
namespace {

TEST(TeacherTokenizer, HasNoMoreTokensThanTheTeacher) {
  const std::string path =
      std::string(LLAMBA_SOURCE_DIR) + "/tests/data/stories260k.gguf";
  ModelConfig config;
  config.vocab_size = 512;
  EXPECT_EQ(LoadTeacherTokenizer(path, config).vocab_size(), 512);
  config.vocab_size = 511;
  EXPECT_THAT(ErrorOf([&] { LoadTeacherTokenizer(path, config); }),
              testing::HasSubstr("has 512 tokens, the model 511"));
}

}  // namespace
}  // namespace llamba::distill

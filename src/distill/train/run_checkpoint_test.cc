#include "distill/train/run_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "distill/data/data_testing.h"
#include "distill/distill_testing.h"
#include "distill/student/make_student.h"

namespace llamba::distill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Names(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Tokenizer SmallTokenizer() {
  return LoadTokenizer(std::string(LLAMBA_SOURCE_DIR) +
                       "/tests/data/stories260k.gguf");
}

TEST(RunCheckpoint, TheLastStayAndNothingUnfinished) {
  const TemporaryFolder folder;
  const ModelConfig config = StudentConfig(TinyTeacherConfig(), {});
  RunCheckpoint checkpoint;
  checkpoint.precise = RandomParameters(config, 1, torch::kFloat32);
  const std::string unfinished = folder / "checkpoints/stage1-00000002.writing";
  std::filesystem::create_directories(unfinished);
  for (const int64_t step : {1, 3, 4}) {
    checkpoint.position.step = step;
    WriteCheckpoint(folder / ".", config, checkpoint, SmallTokenizer());
  }
  EXPECT_THAT(Names(folder / "checkpoints"),
              ElementsAre("stage1-00000003", "stage1-00000004"));
  const std::string last = *FindCheckpoint(folder / ".");
  const RunCheckpoint read = ReadCheckpoint(last, config);
  EXPECT_EQ(read.position.step, 4);
  for (const auto& [id, tensor] : checkpoint.precise) {
    EXPECT_TRUE(tensor.equal(read.precise.at(id)));
  }
  // The engine reads and writes text with it.
  EXPECT_EQ(LoadTokenizer(last).vocab_size(), SmallTokenizer().vocab_size());
}

TEST(RunCheckpoint, PositionsThatNoRunHasAreRefused) {
  const TemporaryFolder folder;
  const ModelConfig config = StudentConfig(TinyTeacherConfig(), {});
  const auto error = [&](int stage, int64_t step) {
    folder.Write(
        "run.json",
        fmt::format("{{\"stage\": {}, \"step\": {}, \"next_sequence\": "
                    "0, \"seconds\": 0, \"n_updates\": 0}}",
                    stage, step));
    return ErrorOf([&] { ReadCheckpoint(folder / ".", config); });
  };
  EXPECT_THAT(error(0, 1), HasSubstr("run.json: stage: expected 1 to 4"));
  EXPECT_THAT(error(5, 1), HasSubstr("found 5"));
  EXPECT_THAT(error(1, -3), HasSubstr("counts of 0 or more, found -3"));
}

TEST(RunCheckpoint, CopiesUnderOtherNamesStay) {
  const TemporaryFolder folder;
  const ModelConfig config = StudentConfig(TinyTeacherConfig(), {});
  RunCheckpoint checkpoint;
  checkpoint.precise = RandomParameters(config, 1, torch::kFloat32);
  const auto write = [&](int64_t step) {
    checkpoint.position.step = step;
    WriteCheckpoint(folder / ".", config, checkpoint, SmallTokenizer());
  };
  write(1);
  for (const char* name : {"best", "stage1-00000001.best", "stage9-1"}) {
    std::filesystem::copy(folder / "checkpoints/stage1-00000001",
                          folder / "checkpoints/" + name);
  }
  write(2);
  write(3);
  EXPECT_THAT(Names(folder / "checkpoints"),
              ElementsAre("best", "stage1-00000001.best", "stage1-00000002",
                          "stage1-00000003", "stage9-1"));
  EXPECT_EQ(*FindCheckpoint(folder / "."),
            folder / "./checkpoints/stage1-00000003");
}

}  // namespace
}  // namespace llamba::distill

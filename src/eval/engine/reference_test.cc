// A whole task on trained models against the figures of an independent program.
#include <gtest/gtest.h>

#include "base/file.h"
#include "eval/engine/engine_source.h"
#include "eval/run_task.h"
#include "eval/tasks/all.h"
#include "tests/shared_material.h"

namespace llamba {
namespace {

class ReferenceTest : public testing::TestWithParam<const char*> {};

TEST_P(ReferenceTest, Rte) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "takes a quarter of an hour under AddressSanitizer";
#endif
  LLAMBA_NEED_SHARED(reference, "bench/reference.json");
  LLAMBA_NEED_SHARED(folder, std::string("models/") + GetParam());
  LLAMBA_NEED_SHARED(teacher, "models/llama-mini");
  const auto scores = nlohmann::json::parse(ReadFile(reference))
                          .at("models")
                          .at(GetParam())
                          .at("scores");
  LoadOptions load;
  load.dtype = DType::kF32;
  EngineSource source(Model::Load(folder, load));
  const RequestEncoder encoder(LoadTokenizer(teacher), 1024, 1024);
  const Task task = Rte();
  const TaskItems items = PrepareItems(task, SharedMaterial("bench"), {});
  const auto results = Summarize(
      task, items, ScoreSequences(source, MakeRequests(items, encoder), {}), 0);
  // One item in a thousand.
  EXPECT_NEAR(results.front().Find("acc")->value,
              scores.at("rte").at("acc").get<double>(), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Models, ReferenceTest,
                         testing::Values("llama-mini", "llamba-mini-ref"));

}  // namespace
}  // namespace llamba

// What the trainer computes and what the engine makes of its students: two
// implementations that share no mathematics.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "distill/distill_testing.h"
#include "distill/stages/stage.h"
#include "distill/student/make_student.h"
#include "distill/train/optimizer.h"
#include "distill/train/run_checkpoint.h"
#include "runtime/executor.h"

namespace llamba::distill {
namespace {

struct Case {
  const char* name;
  StudentOptions student;
  bool tied = true, llama3_rope = false;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

ModelConfig TeacherConfig(const Case& c) {
  ModelConfig config = TinyTeacherConfig();
  config.tie_embeddings = c.tied;
  if (c.llama3_rope) {
    // Low frequencies are divided, high ones kept, those between blended.
    config.attention.rope_theta = 50;
    config.attention.rope_scaling =
        RopeScaling{.factor = 4,
                    .low_freq_factor = 1,
                    .high_freq_factor = 4,
                    .original_max_position_embeddings = 16};
  }
  return config;
}

// Two updates in each stage, as a run makes them.
ParameterMap Train(const LayerStack& teacher, LayerStack student) {
  ParameterMap precise;
  for (const auto& [id, tensor] : student.parameters()) {
    precise[id] = tensor.clone();
  }
  const auto alone = MakeCommunicator({}, torch::kCPU);
  const std::unique_ptr<Stage> stages[] = {
      MatrixOrientation(), HiddenStateAlignment(), KnowledgeDistillation({})};
  for (const auto& stage : stages) {
    ShardedAdamW optimizer(
        precise, student.parameters(), torch::kFloat32,
        [&](const TensorId& id) { return stage->Trains(id, student.config()); },
        {}, *alone);
    for (uint64_t step = 0; step < 2; ++step) {
      stage->Accumulate(teacher, student,
                        TinyBatch(student.config().vocab_size, 13, step), 1);
      optimizer.GatherGradients();
      optimizer.Step(0.01);
    }
    optimizer.Extract(precise);
  }
  return precise;
}

// (T, V) of one text, by the engine.
Tensor EngineLogits(const std::string& path, const std::vector<int32_t>& ids) {
  const auto model = Model::Load(path);
  Executor executor(model);
  State state(model->config());
  const SequenceInput input{&state, ids, LogitsFor::kAll};
  std::vector<Tensor> rows;
  executor.Forward({&input, 1}, [&](size_t, int64_t,
                                    std::span<const float> row) {
    rows.push_back(torch::tensor(std::vector<float>(row.begin(), row.end())));
  });
  return torch::stack(rows);
}

class EngineTest : public testing::TestWithParam<Case> {
 protected:
  EngineTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("llamba_engine_test." + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~EngineTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

// Logits of some units after a hundred sums in float32 in either order: 1e-4
// of the largest is a thousand roundings.
TEST_P(EngineTest, StudentsHaveTheTrainersLogits) {
  const Case& c = GetParam();
  const ModelConfig config = TeacherConfig(c);
  const LayerStack teacher(config,
                           RandomParameters(config, 1, torch::kFloat32));
  const LayerStack start = MakeStudent(teacher, c.student);
  const ParameterMap trained = Train(teacher, start);
  WriteStudent(folder_, start.config(), trained,
               LoadTokenizer(std::string(LLAMBA_SOURCE_DIR) +
                             "/tests/data/stories260k.gguf"));
  const std::string gguf = folder_ / "student.gguf";
  WriteGgufModel(OpenCheckpoint(folder_), gguf, DType::kF32, {});

  const Batch batch = TinyBatch(config.vocab_size, 24, 9);
  const Tensor ids = batch.ids.slice(0, 1, 2);  // one document
  const torch::NoGradGuard no_grad;
  const Tensor expected =
      LayerStack(start.config(), trained)
          .Logits({ids, torch::zeros_like(ids).to(torch::kInt32)})[0];
  const Tensor flat = ids.to(torch::kInt32).flatten().contiguous();
  const std::vector<int32_t> text(flat.data_ptr<int32_t>(),
                                  flat.data_ptr<int32_t>() + flat.numel());
  const double largest = expected.abs().max().item<double>();
  // Training has moved it.
  EXPECT_GT((expected -
             start.Logits({ids, torch::zeros_like(ids).to(torch::kInt32)})[0])
                .abs()
                .max()
                .item<double>(),
            0.01 * largest);
  for (const std::string& path : {folder_.string(), gguf}) {
    const Tensor got = EngineLogits(path, text);
    ASSERT_EQ(got.sizes(), expected.sizes());
    EXPECT_LT((got - expected).abs().max().item<double>(), 1e-4 * largest)
        << path;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Students, EngineTest,
    testing::Values(Case{"pure", {.d_state = 4}},
                    Case{"from_attention",
                         {.d_state = 7, .start_from_attention = true}},
                    Case{"wide_state", {.d_state = 6, .d_conv = 3}},
                    Case{"groups", {.d_state = 4, .n_qk_heads = 2}},
                    Case{"untied", {.d_state = 4}, false},
                    Case{"hybrid", {.d_state = 4, .keep_attention = {1}}},
                    Case{"hybrid_llama3",
                         {.d_state = 5, .n_qk_heads = 1, .keep_attention = {0}},
                         false,
                         true}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace llamba::distill

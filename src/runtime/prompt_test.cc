// Prompts, whose products may be less exact (SequenceInput::prompt).
#include <gtest/gtest.h>

#include <cmath>

#include "model/fixtures_test.h"
#include "model/synthetic.h"
#include "runtime/fixtures_test.h"

namespace llamba {
namespace {

// Quantised models with both kinds of mixers, on every instruction set.
class PromptTest : public testing::TestWithParam<std::string> {
 protected:
  PromptTest() {
    const ModelConfig config = SyntheticShape("tiny-hybrid");
    WriteGguf(config, SyntheticSource(config, 1), dir_ / "m.gguf", DType::kQ4_0,
              {}, nullptr);
    model_ = Model::Load(dir_ / "m.gguf", {.dtype = {}, .isa = GetParam()});
    for (int i = 0; i < 75; ++i) ids_.push_back(i * 37 % 256);
  }

  SequenceInput Input(State& state, size_t begin, size_t end, bool prompt,
                      LogitsFor logits = LogitsFor::kNone) const {
    return {&state, std::span(ids_).subspan(begin, end - begin), logits,
            prompt};
  }
  Rows Forward(Executor& executor, std::vector<SequenceInput> inputs) const {
    Rows rows;
    executor.Forward(inputs,
                     [&](size_t, int64_t, std::span<const float> logits) {
                       rows.emplace_back(logits.begin(), logits.end());
                     });
    return rows;
  }
  std::string Read(Executor& executor, size_t n, bool prompt) const {
    State state = model_->NewState();
    Forward(executor, {Input(state, 0, n, prompt)});
    return state.Serialize();
  }

  TempDir dir_;
  std::shared_ptr<const Model> model_;
  Ids ids_;
};

TEST_P(PromptTest, AnyCutLeavesTheSameState) {
  Executor executor(model_);
  const std::string whole = Read(executor, ids_.size(), true);
  for (const std::vector<size_t>& cuts :
       {std::vector<size_t>{1}, {16}, {33, 34, 70}}) {
    State state = model_->NewState();
    size_t begin = 0;
    for (const size_t end : cuts) {
      Forward(executor, {Input(state, begin, end, true)});
      begin = end;
    }
    Forward(executor, {Input(state, begin, ids_.size(), true)});
    EXPECT_EQ(state.Serialize(), whole) << testing::PrintToString(cuts);
  }
}

// A prompt and a sequence that goes on, in one call and apart.
TEST_P(PromptTest, ChangesNoSequenceBesideIt) {
  Executor executor(model_);
  State alone = model_->NewState();
  Forward(executor, {Input(alone, 0, 20, false)});
  State beside = alone;
  const Rows expected =
      Forward(executor, {Input(alone, 20, 21, false, LogitsFor::kLast)});
  State prompt = model_->NewState();
  const Rows rows =
      Forward(executor, {Input(prompt, 0, ids_.size(), true),
                         Input(beside, 20, 21, false, LogitsFor::kLast)});
  EXPECT_EQ(rows, expected);
  EXPECT_EQ(beside.Serialize(), alone.Serialize());
  EXPECT_EQ(prompt.Serialize(), Read(executor, ids_.size(), true));
}

// Elsewhere a prompt is read as all else; where it is not, logits are near:
// codes of 8 bits make errors of a 250th of the largest value, which random
// weights average out, so some percent of the logits' norm after four layers.
TEST_P(PromptTest, DiffersWhereTheMachineIsFasterSo) {
  Executor executor(model_);
  const bool faster = model_->ops().kernels().segments != nullptr;
  EXPECT_EQ(Read(executor, 40, true) != Read(executor, 40, false), faster);
  State prompt = model_->NewState();
  State exact = model_->NewState();
  const Rows a = Forward(
      executor, {Input(prompt, 0, ids_.size(), true, LogitsFor::kLast)});
  const Rows b = Forward(
      executor, {Input(exact, 0, ids_.size(), false, LogitsFor::kLast)});
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a[0].size(); ++i) {
    difference += std::pow(double{a[0][i]} - b[0][i], 2);
    norm += std::pow(double{b[0][i]}, 2);
  }
  EXPECT_LT(std::sqrt(difference / norm), 0.05);
}

INSTANTIATE_TEST_SUITE_P(Isas, PromptTest, testing::ValuesIn(AvailableIsas()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace llamba

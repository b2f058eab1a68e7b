#include "runtime/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "runtime/fixtures_test.h"

namespace llamba {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

double Norm(std::span<const float> row) {
  double sum = 0;
  for (float v : row) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

// Every fixture on every instruction set of this machine.
class ExecutorTest
    : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  std::shared_ptr<const Model> model_ = LoadFixture(
      std::get<0>(GetParam()), {.dtype = {}, .isa = std::get<1>(GetParam())});
  Executor executor_{model_};
  Ids ids_ = FixtureIds(std::get<0>(GetParam()));

  Rows Whole() {
    State state = model_->NewState();
    return AllLogits(executor_, state, ids_);
  }
};

// A float32 forward pass of L layers rounds each of the 2 L sums of the
// residual stream, and each product's sum of K terms, to a relative 2^-24; with
// K below 64, 3 layers and some growth by the decays, 2e-6 of the row's norm
// (32 roundings) bounds it well.
TEST_P(ExecutorTest, MatchesTheEquationsInFloat64) {
  const Rows rows = Whole();
  const auto expected = FixtureExpected(std::get<0>(GetParam()));
  for (const auto& position : expected.at("positions")) {
    const auto want = position.at("logits").get<std::vector<double>>();
    const Row& got = rows[position.at("position").get<size_t>()];
    ASSERT_EQ(got.size(), want.size());
    const double bound = 2e-6 * Norm(got);
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_NEAR(got[i], want[i], bound)
          << "position " << position.at("position") << ", id " << i;
    }
  }
}

TEST_P(ExecutorTest, AnyCutGivesTheSameBits) {
  const Rows whole = Whole();
  for (const std::vector<size_t>& cuts :
       {std::vector<size_t>{1}, {63}, {64}, {65, 66}, {3, 67, 100}, {128}}) {
    State state = model_->NewState();
    Rows rows;
    size_t begin = 0;
    for (size_t end : cuts) {
      for (Row& row : AllLogits(executor_, state,
                                std::span(ids_).subspan(begin, end - begin))) {
        rows.push_back(std::move(row));
      }
      begin = end;
    }
    for (Row& row :
         AllLogits(executor_, state, std::span(ids_).subspan(begin))) {
      rows.push_back(std::move(row));
    }
    EXPECT_EQ(rows, whole) << "cut at " << testing::PrintToString(cuts);
  }
}

TEST_P(ExecutorTest, TokenByTokenGivesTheSameBits) {
  const Rows whole = Whole();
  State state = model_->NewState();
  for (size_t i = 0; i < ids_.size(); ++i) {
    const auto row = executor_.Forward(state, std::span(ids_).subspan(i, 1));
    ASSERT_EQ(Row(row.begin(), row.end()), whole[i]) << "position " << i;
  }
  EXPECT_EQ(state.position(), static_cast<int64_t>(ids_.size()));
}

// Sequences of all lengths, more of them than rows of a pass would take whole,
// some of them already under way.
TEST_P(ExecutorTest, ABatchGivesTheBitsOfEachAlone) {
  const Rows whole = Whole();
  std::vector<State> states;
  std::vector<size_t> begins;
  for (size_t begin : {0, 5, 64, 0, 0, 100, 139, 7}) {
    State state = model_->NewState();
    if (begin > 0) executor_.Forward(state, std::span(ids_).first(begin));
    states.push_back(state);
    begins.push_back(begin);
  }
  std::vector<SequenceInput> inputs;
  for (size_t i = 0; i < states.size(); ++i) {
    inputs.push_back({&states[i], std::span(ids_).subspan(begins[i]),
                      i % 3 == 1 ? LogitsFor::kLast : LogitsFor::kAll});
  }
  inputs[4].logits = LogitsFor::kNone;
  std::vector<int64_t> next(states.size(), 0);
  executor_.Forward(inputs, [&](size_t sequence, int64_t index,
                                std::span<const float> row) {
    if (inputs[sequence].logits == LogitsFor::kLast) {
      EXPECT_EQ(index + 1, static_cast<int64_t>(inputs[sequence].ids.size()));
      next[sequence] = index;
    }
    EXPECT_EQ(index, next[sequence]++);
    const size_t position = begins[sequence] + static_cast<size_t>(index);
    ASSERT_EQ(Row(row.begin(), row.end()), whole[position])
        << "sequence " << sequence << ", position " << position;
  });
  for (size_t i = 0; i < states.size(); ++i) {
    EXPECT_EQ(next[i], i == 4 ? 0 : static_cast<int64_t>(inputs[i].ids.size()));
    EXPECT_EQ(states[i].position(), static_cast<int64_t>(ids_.size()));
    EXPECT_EQ(states[i].Serialize(), states[0].Serialize());
  }
}

TEST_P(ExecutorTest, ForksDoNotTouchEachOther) {
  State original = model_->NewState();
  executor_.Forward(original, std::span(ids_).first(70));
  const std::string before = original.Serialize();
  State fork = original;
  const Ids other = {3, 1, 4, 1, 5, 9, 2, 6};
  executor_.Forward(fork, other);
  EXPECT_EQ(original.Serialize(), before);
  EXPECT_NE(fork.Serialize(), before);

  // What the original reads later is as if there had been no fork, and the
  // other way about.
  const Rows whole = Whole();
  State second = original;
  const Rows rest = AllLogits(executor_, original, std::span(ids_).subspan(70));
  EXPECT_EQ(rest, Rows(whole.begin() + 70, whole.end()));
  EXPECT_EQ(AllLogits(executor_, second, std::span(ids_).subspan(70)), rest);
}

TEST_P(ExecutorTest, RestoredStatesContinueWithTheSameBits) {
  const Rows whole = Whole();
  for (size_t cut : {0, 1, 64, 77, 128}) {
    State state = model_->NewState();
    if (cut > 0) executor_.Forward(state, std::span(ids_).first(cut));
    const std::string bytes = state.Serialize();
    State restored = model_->RestoreState(AsBytes(bytes), "state");
    EXPECT_EQ(restored.position(), static_cast<int64_t>(cut));
    EXPECT_EQ(restored.Serialize(), bytes);
    EXPECT_EQ(AllLogits(executor_, restored, std::span(ids_).subspan(cut)),
              Rows(whole.begin() + static_cast<int64_t>(cut), whole.end()));
  }
}

TEST_P(ExecutorTest, RefusesIdsOutsideTheVocabularyBeforeAnythingMoves) {
  State good = model_->NewState();
  State bad = model_->NewState();
  const std::string before = good.Serialize();
  for (int32_t id : {-1, 40, std::numeric_limits<int32_t>::max()}) {
    const Ids ids = {1, 2, id};
    const std::vector<SequenceInput> inputs = {{&good, ids_}, {&bad, ids}};
    EXPECT_THAT(
        [&] {
          executor_.Forward(inputs,
                            [](size_t, int64_t, std::span<const float>) {});
        },
        ThrowsMessage<Error>(
            HasSubstr(fmt::format("token 2 of the input: expected an id of 0 "
                                  "to 39, found {}",
                                  id))));
    EXPECT_EQ(good.position(), 0);
    EXPECT_EQ(good.Serialize(), before);
  }
}

TEST_P(ExecutorTest, RefusesNoTokensWhereALastOneIsWanted) {
  State state = model_->NewState();
  EXPECT_THROW(executor_.Forward(state, Ids{}), Error);
  const SequenceInput empty = {&state, {}, LogitsFor::kAll};
  executor_.Forward({&empty, 1}, [](size_t, int64_t, std::span<const float>) {
    ADD_FAILURE() << "logits of no token";
  });
  EXPECT_EQ(state.position(), 0);
}

std::string Name(const testing::TestParamInfo<ExecutorTest::ParamType>& info) {
  std::string name = std::get<0>(info.param) + "_" + std::get<1>(info.param);
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ExecutorTest,
                         testing::Combine(testing::ValuesIn(kFixtures),
                                          testing::ValuesIn(AvailableIsas())),
                         Name);

// Longer than a pass has rows, in a pure Llamba: no bound on the context.
TEST(ExecutorTest, PassesBoundTheRowsNotTheTokens) {
  const auto model = LoadFixture("llamba");
  Executor executor(model);
  Ids ids;
  for (int i = 0; i < 3 * Executor::kMaxRows + 17; ++i) ids.push_back(i % 40);
  State whole = model->NewState();
  const Rows rows = AllLogits(executor, whole, ids);
  ASSERT_EQ(rows.size(), ids.size());
  State state = model->NewState();
  const Rows first = AllLogits(executor, state, std::span(ids).first(700));
  EXPECT_EQ(first, Rows(rows.begin(), rows.begin() + 700));
  const Rows rest = AllLogits(executor, state, std::span(ids).subspan(700));
  EXPECT_EQ(rest, Rows(rows.begin() + 700, rows.end()));
  EXPECT_EQ(state.Serialize(), whole.Serialize());
}

TEST(ExecutorTest, MoreSequencesThanRows) {
  const auto model = LoadFixture("llamba");
  Executor executor(model);
  const Ids ids = {7, 3};
  State alone = model->NewState();
  const Rows expected = AllLogits(executor, alone, ids);
  std::vector<State> states(Executor::kMaxRows + 9, model->NewState());
  std::vector<SequenceInput> inputs;
  for (State& state : states) inputs.push_back({&state, ids, LogitsFor::kAll});
  size_t calls = 0;
  executor.Forward(inputs,
                   [&](size_t, int64_t index, std::span<const float> row) {
                     ++calls;
                     ASSERT_EQ(Row(row.begin(), row.end()),
                               expected[static_cast<size_t>(index)]);
                   });
  EXPECT_EQ(calls, 2 * states.size());
}

TEST(ExecutorTest, NamesAFullContextBeforeAnythingMoves) {
  const auto model = LoadFixture("hybrid");  // 160 positions
  Executor executor(model);
  const Ids ids(160, 5);
  State state = model->NewState();
  executor.Forward(state, std::span(ids).first(150));
  const std::string before = state.Serialize();
  EXPECT_THAT([&] { executor.Forward(state, std::span(ids).first(11)); },
              ThrowsMessage<Error>(HasSubstr(
                  "context is full: 11 tokens after 150 exceed the context "
                  "length of 160")));
  EXPECT_EQ(state.Serialize(), before);
  executor.Forward(state, std::span(ids).first(10));
  EXPECT_EQ(state.position(), 160);
  EXPECT_THROW(executor.Forward(state, std::span(ids).first(1)), Error);
}

TEST(ExecutorTest, ThreadCountsGiveTheSameBits) {
  for (const std::string& name : kFixtures) {
    const Ids ids = FixtureIds(name);
    Rows first;
    for (int threads : {1, 2, 3}) {
      ThreadPool pool(threads);
      LoadOptions options;
      options.pool = &pool;
      const auto model = LoadFixture(name, options);
      Executor executor(model);
      State state = model->NewState();
      const Rows rows = AllLogits(executor, state, ids);
      if (first.empty()) first = rows;
      EXPECT_EQ(rows, first) << name << ", " << threads << " threads";
    }
  }
}

}  // namespace
}  // namespace llamba

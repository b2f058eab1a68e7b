#include "runtime/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "runtime/fixtures_test.h"

namespace llamba {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(StateTest, ItsSizeIsTheConfigs) {
  const auto model = LoadFixture("llamba");
  State state = model->NewState();
  EXPECT_EQ(static_cast<int64_t>(state.bytes()),
            model->config().StateBytes(0, 4));
  Executor executor(model);
  executor.Forward(state, FixtureIds("llamba"));
  EXPECT_EQ(static_cast<int64_t>(state.bytes()),
            model->config().StateBytes(1 << 20, 4));
}

TEST(StateTest, TheCacheGrowsByPages) {
  const auto model = LoadFixture("llama");
  State state = model->NewState();
  EXPECT_EQ(state.bytes(), 0u);
  Executor executor(model);
  executor.Forward(state, Ids(65, 1));
  // Two pages of 64 positions.
  EXPECT_EQ(static_cast<int64_t>(state.bytes()),
            model->config().StateBytes(128, 4));
}

TEST(StateTest, ForksShareFullPagesAndCopyTheOneTheyWrite) {
  const auto model = LoadFixture("llama");
  Executor executor(model);
  State state = model->NewState();
  executor.Forward(state, Ids(70, 1));
  State fork = state;
  EXPECT_EQ(fork.Pages(0)[0], state.Pages(0)[0]);
  EXPECT_EQ(fork.Pages(0)[1], state.Pages(0)[1]);
  executor.Forward(fork, Ids(1, 2));
  EXPECT_EQ(fork.Pages(0)[0], state.Pages(0)[0]);
  EXPECT_NE(fork.Pages(0)[1], state.Pages(0)[1]);
  // The other owner is gone: nothing is copied.
  const float* page = state.Pages(0)[1];
  executor.Forward(state, Ids(1, 3));
  EXPECT_EQ(state.Pages(0)[1], page);
}

class StateBytesTest : public testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<const Model> model_ = LoadFixture(GetParam());

  std::string Bytes() {
    Executor executor(model_);
    State state = model_->NewState();
    executor.Forward(state, Ids(66, 9));
    return state.Serialize();
  }
};

TEST_P(StateBytesTest, EveryCutIsRefused) {
  const std::string bytes = Bytes();
  for (size_t n = 0; n < bytes.size(); n += 1 + n / 64) {
    EXPECT_THROW(model_->RestoreState(AsBytes(bytes).first(n), "s"), Error)
        << n << " bytes";
  }
  EXPECT_THROW(model_->RestoreState(AsBytes(bytes + "x"), "s"), Error);
}

// Each byte of the header in turn set to values that lie: an error or a state,
// never a crash nor a huge allocation.
TEST_P(StateBytesTest, LyingHeadersAreRefusedOrHarmless) {
  const std::string bytes = Bytes();
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 128); ++i) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string altered = bytes;
      altered[i] = static_cast<char>(value);
      try {
        model_->RestoreState(AsBytes(altered), "s");
      } catch (const Error&) {
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, StateBytesTest, testing::ValuesIn(kFixtures),
                         [](const auto& info) { return info.param; });

TEST(StateTest, AnotherModelsBytesAreRefusedByField) {
  const std::string hybrid = LoadFixture("hybrid")->NewState().Serialize();
  const auto model = LoadFixture("llamba");
  EXPECT_THAT([&] { model->RestoreState(AsBytes(hybrid), "some.state"); },
              ThrowsMessage<Error>(HasSubstr(
                  "some.state: state: expected 2 layers (the model), found "
                  "3")));
  ModelConfig config = model->config();
  config.ssm.d_state = 8;
  const std::string wider = State(config).Serialize();
  EXPECT_THAT([&] { model->RestoreState(AsBytes(wider), "some.state"); },
              ThrowsMessage<Error>(
                  HasSubstr("d_state: expected 6 (the model), found 8")));
  EXPECT_THAT([&] { model->RestoreState(AsBytes("LLMA"), "some.state"); },
              ThrowsMessage<Error>(HasSubstr("magic")));
}

}  // namespace
}  // namespace llamba

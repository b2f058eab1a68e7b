#include "runtime/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "runtime/fixtures_test.h"
#include "runtime/hash64.h"

namespace llamba {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// Test values of the XXH64 reference implementation (xxHash's command-line
// program), seed 0.
TEST(Hash64Test, KnownValues) {
  EXPECT_EQ(Hash64({}), 0xef46db3751d8e999u);
  EXPECT_EQ(Hash64(AsBytes("a")), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(Hash64(AsBytes("abc")), 0x44bc2cf5ad770999u);
  EXPECT_EQ(Hash64(AsBytes("Nobody inspects the spammish repetition")),
            0xfbcea83c8a378bf1u);
}

class StateFileTest : public testing::Test {
 protected:
  void SetUp() override {
    executor_.Forward(state_, std::span(ids_).first(30));
    bytes_ = EncodeSavedState(state_, *model_, {{"ids", "\1\2\3"}, {"x", ""}});
  }

  // With the checksum made right again: what stands behind it is reached.
  std::string Resealed(std::string bytes) const {
    const size_t body = bytes.size() - 8;
    const uint64_t sum = Hash64(AsBytes(bytes).first(body));
    std::memcpy(bytes.data() + body, &sum, sizeof sum);
    return bytes;
  }

  std::shared_ptr<const Model> model_ = LoadFixture("hybrid");
  Executor executor_{model_};
  State state_ = model_->NewState();
  Ids ids_ = FixtureIds("hybrid");
  std::string bytes_;
};

TEST_F(StateFileTest, WhatIsSavedComesBack) {
  const std::string path = testing::TempDir() + "/runtime_state_file_test" +
                           std::to_string(getpid());
  SaveStateFile(path, state_, *model_, {{"ids", "\1\2\3"}, {"x", ""}});
  EXPECT_EQ(ReadFile(path), bytes_);
  EXPECT_TRUE(IsSavedState(path));
  SavedState saved = LoadStateFile(path, *model_);
  WriteFileAtomically(path, "LLAMBA");
  EXPECT_FALSE(IsSavedState(path));
  std::remove(path.c_str());
  EXPECT_FALSE(IsSavedState(path));
  EXPECT_EQ(saved.state.Serialize(), state_.Serialize());
  EXPECT_EQ(saved.sections,
            (std::map<std::string, std::string>{{"ids", "\1\2\3"}, {"x", ""}}));
  EXPECT_EQ(AllLogits(executor_, saved.state, std::span(ids_).subspan(30)),
            AllLogits(executor_, state_, std::span(ids_).subspan(30)));
}

TEST_F(StateFileTest, SaysOfItselfWhatItIs) {
  const SavedStateInfo info = InspectSavedState(AsBytes(bytes_), "s");
  EXPECT_EQ(info.fingerprint, model_->fingerprint());
  EXPECT_EQ(info.model, "hybrid, 3 layers, width 16, vocabulary 40");
  EXPECT_EQ(info.sections.at("ids"), 3u);
  EXPECT_EQ(info.sections.size(), 4u);
}

TEST_F(StateFileTest, AnotherModelIsRefusedByName) {
  const auto other = LoadFixture("llamba");
  EXPECT_THAT(
      [&] { DecodeSavedState(AsBytes(bytes_), *other, "my.state"); },
      ThrowsMessage<Error>(testing::AllOf(
          HasSubstr("my.state: saved from another model"),
          HasSubstr("Llamba, 2 layers"), HasSubstr("hybrid, 3 layers"))));
}

TEST_F(StateFileTest, ANewerVersionIsRefusedByName) {
  std::string newer = bytes_;
  newer[8] = 2;
  EXPECT_THAT([&] { DecodeSavedState(AsBytes(newer), *model_, "s"); },
              ThrowsMessage<Error>(
                  HasSubstr("version: this program reads 1, found 2")));
}

TEST_F(StateFileTest, EveryCutIsRefusedAsCut) {
  for (size_t n = 8; n < bytes_.size(); n += 1 + n / 32) {
    EXPECT_THAT(
        [&] { DecodeSavedState(AsBytes(bytes_).first(n), *model_, "s"); },
        ThrowsMessage<Error>(n < 24 ? HasSubstr("to the end of the file")
                                    : HasSubstr("cut short")))
        << n << " bytes";
  }
  EXPECT_THAT([&] { DecodeSavedState(AsBytes(bytes_ + "x"), *model_, "s"); },
              ThrowsMessage<Error>(HasSubstr("too long")));
  EXPECT_THROW(DecodeSavedState({}, *model_, "s"), Error);
}

TEST_F(StateFileTest, AnAlteredByteIsRefused) {
  for (size_t i = 0; i < bytes_.size(); i += 1 + i / 32) {
    std::string altered = bytes_;
    altered[i] = static_cast<char>(altered[i] ^ 0x10);
    EXPECT_THROW(DecodeSavedState(AsBytes(altered), *model_, "s"), Error)
        << "byte " << i;
  }
  std::string altered = bytes_;
  altered[bytes_.size() / 2] ^= 1;
  EXPECT_THAT([&] { DecodeSavedState(AsBytes(altered), *model_, "s"); },
              ThrowsMessage<Error>(HasSubstr("altered: checksum")));
}

// Forged files, whose checksum is right: an error or a state, never a crash.
TEST_F(StateFileTest, LyingLengthsBehindARightChecksumAreHarmless) {
  for (size_t i = 12; i < std::min<size_t>(bytes_.size() - 8, 300); ++i) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string altered = bytes_;
      altered[i] = static_cast<char>(value);
      try {
        DecodeSavedState(AsBytes(Resealed(altered)), *model_, "s");
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace llamba

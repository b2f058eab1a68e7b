#include "distill/data/token_shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"
#include "distill/data/data_testing.h"

namespace llamba::distill {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<int64_t> Tokens(const TokenShard& shard, int64_t document) {
  const int64_t begin = shard.DocumentBegin(document);
  std::vector<int64_t> tokens(shard.DocumentEnd(document) - begin);
  shard.Copy(begin, tokens);
  return tokens;
}

// A vocabulary of 65,536 is the last that two bytes hold.
TEST(TokenShard, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  for (const int64_t vocab_size : {65536, 65537}) {
    const auto last = static_cast<int32_t>(vocab_size - 1);
    const TokenShard shard = MakeShard(
        folder / "a.tokens", {{1, 2, 3}, {}, {last}, {0, 4}}, vocab_size, 99);
    EXPECT_EQ(shard.n_documents(), 3);  // an empty one is none
    EXPECT_EQ(shard.n_tokens(), 6);
    EXPECT_EQ(shard.vocabulary_hash(), 99U);
    EXPECT_THAT(Tokens(shard, 0), ElementsAre(1, 2, 3));
    EXPECT_THAT(Tokens(shard, 1), ElementsAre(last));
    EXPECT_THAT(Tokens(shard, 2), ElementsAre(0, 4));
    EXPECT_EQ(ReadFile(folder / "a.tokens").size(),
              64 + 3 * 8 + 6 * (vocab_size == 65536 ? 2U : 4U));
  }
}

TEST(TokenShard, AskingWhetherOneCanBeWrittenLeavesNothing) {
  const TemporaryFolder folder;
  CheckShardWritable(folder / "new/deep/a.tokens");
  EXPECT_FALSE(std::filesystem::exists(folder / "new"));
  folder.Write("file", "");
  EXPECT_THROW(CheckShardWritable(folder / "file/a.tokens"), std::exception);
  EXPECT_TRUE(FileExists(folder / "file"));
  std::filesystem::create_directory(folder / "empty");
  CheckShardWritable(folder / "empty/a.tokens");
  EXPECT_TRUE(IsDirectory(folder / "empty"));
  MakeShard(folder / "new/deep/a.tokens", {{1}});
  EXPECT_TRUE(FileExists(folder / "new/deep/a.tokens"));
}

TEST(TokenShard, RefusesIdsOutsideTheVocabulary) {
  TokenShardWriter writer(10, 0);
  for (const int32_t id : {10, -1}) {
    EXPECT_THAT(ErrorOf([&] {
                  writer.Add(std::vector<int32_t>{1, id});
                }),
                HasSubstr("outside the vocabulary of 10"));
  }
}

class DamagedShard : public testing::Test {
 protected:
  DamagedShard() {
    MakeShard(folder_ / "whole", {{1, 2}, {3}, {4, 5, 6}});
    bytes_ = ReadFile(folder_ / "whole");
  }
  // What opening says once `value` stands at byte `at`.
  std::string With(size_t at, uint64_t value, size_t size) {
    std::string bytes = bytes_;
    std::memcpy(bytes.data() + at, &value, size);
    return OpenError(bytes);
  }
  std::string OpenError(const std::string& bytes) {
    const std::string path = folder_.Write("damaged.tokens", bytes);
    return ErrorOf([&] { TokenShard::Open(path, 100); });
  }

  TemporaryFolder folder_;
  std::string bytes_;
};

TEST_F(DamagedShard, CutAnywhereIsRefused) {
  for (size_t size = 0; size < bytes_.size(); ++size) {
    EXPECT_THAT(OpenError(bytes_.substr(0, size)), HasSubstr("damaged.tokens"))
        << size;
  }
  EXPECT_NE(OpenError(bytes_ + "x"), "");
}

TEST_F(DamagedShard, LyingHeaderIsRefused) {
  EXPECT_THAT(With(0, 'x', 1), HasSubstr("magic"));
  EXPECT_THAT(With(8, 2, 4), HasSubstr("expected version 1, found 2"));
  EXPECT_THAT(With(12, 3, 4), HasSubstr("2 or 4 bytes a token, found 3"));
  EXPECT_THAT(With(16, 4, 8), HasSubstr("do not fill"));
  EXPECT_THAT(With(24, uint64_t{1} << 62, 8), HasSubstr("do not fill"));
  // Sizes whose sum in bytes wraps around to the right one.
  std::string wrapped = bytes_;
  const uint64_t documents = 3 + (uint64_t{1} << 61);
  std::memcpy(wrapped.data() + 16, &documents, 8);
  EXPECT_THAT(OpenError(wrapped), HasSubstr("do not fill"));
}

TEST_F(DamagedShard, IdsOutsideTheVocabularyAreRefused) {
  const auto error = [&](int64_t vocab_size) {
    const TokenShard shard = TokenShard::Open(folder_ / "whole", vocab_size);
    return ErrorOf([&] { Tokens(shard, 2); });
  };
  EXPECT_EQ(error(7), "");
  EXPECT_THAT(error(6), HasSubstr("whole: token 5 is 6, expected an id below "
                                  "the vocabulary's 6"));
}

// The table of ends begins behind the header of 64 bytes.
TEST_F(DamagedShard, LyingEndsAreRefused) {
  EXPECT_THAT(With(64, 0, 8), HasSubstr("document 0 ends at token 0"));
  EXPECT_THAT(With(64, 3, 8), HasSubstr("document 1 ends at token 3"));
  EXPECT_THAT(With(72, 7, 8), HasSubstr("document 1 ends at token 7"));
  EXPECT_THAT(With(80, 5, 8), HasSubstr("ends at token 5 of 6"));
  EXPECT_THAT(With(72, ~uint64_t{0}, 8), HasSubstr("document 1"));
}

}  // namespace
}  // namespace llamba::distill

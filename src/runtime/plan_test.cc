#include "runtime/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace llamba {
namespace {

using testing::ElementsAre;

std::vector<int64_t> Tokens(const std::vector<Piece>& pieces) {
  std::vector<int64_t> tokens;
  for (const Piece& piece : pieces) tokens.push_back(piece.n_tokens);
  return tokens;
}

TEST(PlanTest, AllFit) {
  const std::vector<int64_t> done = {0, 2, 5}, total = {3, 4, 5};
  const auto pieces = NextPass(done, total, 10);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[1].sequence, 1u);
  EXPECT_EQ(pieces[1].begin, 2);
  EXPECT_THAT(Tokens(pieces), ElementsAre(3, 2));
}

TEST(PlanTest, LongOnesShareWhatShortOnesLeave) {
  const std::vector<int64_t> done(4, 0), total = {1000, 1, 2, 500};
  EXPECT_THAT(Tokens(NextPass(done, total, 103)), ElementsAre(50, 1, 2, 50));
}

TEST(PlanTest, MoreSequencesThanRows) {
  const std::vector<int64_t> done(5, 0), total(5, 2);
  EXPECT_THAT(Tokens(NextPass(done, total, 3)), ElementsAre(1, 1, 1));
}

TEST(PlanTest, EveryTokenPassesOnceInOrder) {
  const std::vector<int64_t> total = {700, 0, 3, 41, 1, 90};
  std::vector<int64_t> done(total.size(), 0);
  for (;;) {
    const auto pieces = NextPass(done, total, 64);
    if (pieces.empty()) break;
    int64_t rows = 0;
    for (const Piece& piece : pieces) {
      EXPECT_EQ(piece.begin, done[piece.sequence]);
      EXPECT_GT(piece.n_tokens, 0);
      done[piece.sequence] += piece.n_tokens;
      rows += piece.n_tokens;
    }
    EXPECT_LE(rows, 64);
  }
  EXPECT_EQ(done, total);
}

}  // namespace
}  // namespace llamba

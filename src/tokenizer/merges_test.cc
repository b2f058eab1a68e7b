#include "tokenizer/merges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace llamba {
namespace {

using testing::ElementsAre;

// The rule itself: join the leftmost pair of the lowest rank until none is
// left.
std::vector<int32_t> MergeNaively(const MergeTable& table,
                                  std::vector<int32_t> symbols) {
  for (;;) {
    const Merge* best = nullptr;
    size_t at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const Merge* merge = table.Find(symbols[i], symbols[i + 1]);
      if (merge != nullptr && (best == nullptr || merge->rank < best->rank)) {
        best = merge;
        at = i;
      }
    }
    if (best == nullptr) return symbols;
    symbols[at] = best->result;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

// Three letters and random merges of what there is so far, several of them with
// the same rank, as tiktoken's and SentencePiece's have.
std::vector<Merge> RandomMerges(std::mt19937* random) {
  std::vector<Merge> merges;
  for (int32_t result = 3; result < 40; ++result) {
    std::uniform_int_distribution<int32_t> any(0, result - 1);
    for (int i = 0; i < 2; ++i) {
      const Merge merge = {any(*random), any(*random),
                           static_cast<uint32_t>(result), result};
      bool known = false;
      for (const Merge& other : merges) {
        known |= other.left == merge.left && other.right == merge.right;
      }
      if (!known) merges.push_back(merge);
    }
  }
  return merges;
}

TEST(MergeSymbols, FollowsTheRuleForShortAndLongWords) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const MergeTable table(RandomMerges(&random));
    const size_t n = random() % 200;
    std::vector<int32_t> symbols(n);
    for (int32_t& symbol : symbols) {
      symbol = static_cast<int32_t>(random() % 4) - 1;  // -1: has no token
    }
    const std::vector<int32_t> expected = MergeNaively(table, symbols);
    MergeSymbols(table, &symbols);
    ASSERT_EQ(symbols, expected) << "round " << round << ", " << n;
  }
}

TEST(MergeSymbols, TakesAMillionEqualSymbols) {
  const MergeTable table({{0, 0, 0, 1}, {1, 1, 1, 2}, {2, 2, 2, 3}});
  std::vector<int32_t> symbols((1 << 20) + 3, 0);
  MergeSymbols(table, &symbols);
  ASSERT_EQ(symbols.size(), (1u << 17) + 2);
  EXPECT_EQ(symbols[0], 3);
  EXPECT_EQ(symbols[symbols.size() - 2], 1);
  EXPECT_EQ(symbols.back(), 0);
}

TEST(MergeTable, SortsAndFinds) {
  const MergeTable table({{5, 6, 9, 7}, {1, 2, 3, 4}, {0, 8, 3, 4}});
  const std::vector<Merge> sorted = table.Sorted();
  ASSERT_EQ(sorted.size(), 3u);
  EXPECT_EQ(sorted[0].left, 0);
  EXPECT_EQ(sorted[1].left, 1);
  EXPECT_EQ(sorted[2].left, 5);
  ASSERT_NE(table.Find(5, 6), nullptr);
  EXPECT_EQ(table.Find(5, 6)->result, 7);
  EXPECT_EQ(table.Find(6, 5), nullptr);
  EXPECT_EQ(table.Find(-1, -1), nullptr);
  EXPECT_EQ(MergeTable({}).Find(0, 0), nullptr);
}

TEST(DeriveMerges, FindsEveryCut) {
  Vocabulary vocabulary;
  for (const char* piece : {"a", "b", "ab", "ba", "aba", "c", "cd"}) {
    vocabulary.Add(piece, TokenType::kNormal);
  }
  const PieceIndex index = IndexPieces(vocabulary, IndexedTypes::kNormal);
  const std::vector<uint32_t> ranks = {0, 1, 2, 3, 4, 5, 6};
  std::vector<std::string> found;
  for (const Merge& merge : DeriveMerges(vocabulary, index, ranks)) {
    found.push_back(std::string(vocabulary.bytes(merge.left)) + "+" +
                    std::string(vocabulary.bytes(merge.right)));
    EXPECT_EQ(merge.rank, ranks[merge.result]);
  }
  EXPECT_THAT(found, ElementsAre("a+b", "b+a", "a+ba", "ab+a"));
}

TEST(PieceIndex, HoldsManyAndTheFirstOfEqualOnes) {
  Vocabulary vocabulary;
  for (int i = 0; i < 5000; ++i) {
    vocabulary.Add("token " + std::to_string(i), TokenType::kNormal);
  }
  const int32_t again = vocabulary.Add("token 17", TokenType::kNormal);
  const PieceIndex index = IndexPieces(vocabulary, IndexedTypes::kNormal);
  for (int32_t id = 0; id < again; ++id) {
    ASSERT_EQ(index.Find(vocabulary.bytes(id)), id);
  }
  EXPECT_EQ(index.Find("token"), -1);
  EXPECT_EQ(index.Find(""), -1);
}

}  // namespace
}  // namespace llamba

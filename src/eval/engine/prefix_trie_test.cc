#include "eval/engine/prefix_trie.h"

#include <gmock/gmock.h>

namespace llamba {
namespace {

using testing::ElementsAre;

// Three answers to one question and a request of its own: what is shared is
// there once, and only the rows before scored tokens are asked for.
TEST(PrefixTrieTest, SharesBeginnings) {
  const std::vector<ScoreRequest> requests = {
      {{1, 2, 3, 4, 5}, 3}, {{1, 2, 3, 6}, 3}, {{1, 2, 3, 7}, 3}, {{9, 8}, 1}};
  const PrefixTrie trie(requests);
  // 1 2 3 | 4 and 9: the last token of a request is predicted only.
  EXPECT_EQ(trie.tokens(), 5);
  EXPECT_EQ(trie.tokens_from_scratch(), 4 + 3 + 3 + 1);
  ASSERT_EQ(trie.roots().size(), 2u);
  const PrefixTrie::Node& question = trie.nodes()[trie.roots()[0]];
  EXPECT_THAT(trie.Tokens(question), ElementsAre(1, 2, 3));
  EXPECT_EQ(question.wanted, 2u);
  ASSERT_EQ(question.children.size(), 1u);
  EXPECT_THAT(trie.Tokens(trie.nodes()[question.children[0]]), ElementsAre(4));
}

TEST(PrefixTrieTest, OneTokenHasNothingToRead) {
  const std::vector<ScoreRequest> requests = {{{5}, 1}};
  EXPECT_EQ(PrefixTrie(requests).tokens(), 0);
}

}  // namespace
}  // namespace llamba

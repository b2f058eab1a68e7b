#ifndef LLAMBA_EVAL_ENGINE_PREFIX_TRIE_H_
#define LLAMBA_EVAL_ENGINE_PREFIX_TRIE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/logit_source.h"

namespace llamba {

// Requests laid over one another so that what they begin with alike is there
// once. A request's last token is only ever predicted, so the trie holds the
// tokens before it: those that a model has to read.
class PrefixTrie {
 public:
  // A run of tokens between two forks.
  struct Node {
    size_t first_request = 0, last_request = 0;  // of order(): [first, last)
    size_t begin = 0, end = 0;  // places of its tokens in these requests
    // Rows from here on are asked for logits; `end` for none.
    size_t wanted = 0;
    std::vector<size_t> children;
  };

  // The requests must outlive the trie.
  explicit PrefixTrie(std::span<const ScoreRequest> requests);

  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<size_t>& roots() const { return roots_; }
  // Indices of requests, alike ones side by side.
  const std::vector<size_t>& order() const { return order_; }
  std::span<const int32_t> Tokens(const Node& node) const;

  int64_t tokens() const { return tokens_; }
  // The sum over requests, each by itself.
  int64_t tokens_from_scratch() const { return tokens_from_scratch_; }

 private:
  std::span<const int32_t> Inputs(size_t request) const;
  std::vector<size_t> Fork(size_t first, size_t last, size_t depth);
  size_t MakeNode(size_t first, size_t last, size_t depth);

  std::span<const ScoreRequest> requests_;
  std::vector<size_t> order_;
  std::vector<Node> nodes_;
  std::vector<size_t> roots_;
  int64_t tokens_ = 0;
  int64_t tokens_from_scratch_ = 0;
};

}  // namespace llamba

#endif  // LLAMBA_EVAL_ENGINE_PREFIX_TRIE_H_

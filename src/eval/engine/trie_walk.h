#ifndef LLAMBA_EVAL_ENGINE_TRIE_WALK_H_
#define LLAMBA_EVAL_ENGINE_TRIE_WALK_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "eval/engine/prefix_trie.h"
#include "runtime/executor.h"

namespace llamba {

// What the state of one sequence holds after so many tokens: of attention
// layers whole pages.
size_t StateBytes(const ModelConfig& config, size_t tokens);

// Runs every node of a trie through the layers once, depth first: states of
// what lies behind are let go, so few are held.
class TrieWalk {
 public:
  // All must outlive the walk.
  TrieWalk(const PrefixTrie& trie, const Model& model, size_t state_bytes);

  // A row of logits that came out of a pass: of the token at place `index`.
  using RowSink = FunctionRef<void(const PrefixTrie::Node& node, size_t index,
                                   std::span<const float> logits)>;

  bool done() const { return open_.empty(); }
  // One pass, of kMaxRows tokens where there are enough. Returns its tokens.
  int64_t Step(Executor& executor, RowSink sink);

  size_t peak_bytes() const { return peak_bytes_; }

 private:
  // A state and its part of the bytes held.
  struct Held;
  // A node that waits to be read, or is being read.
  struct Open {
    size_t node;
    size_t next;                 // the place of its next token
    std::shared_ptr<Held> held;  // the state there; the parent's before a start
    bool started;
  };

  // Makes the node's own state, unless that would hold too much.
  bool Start(Open& open, bool needed);
  // Takes from open_ what fits into a pass.
  std::vector<Open> Choose();
  SequenceInput InputOf(const Open& open, int64_t rows) const;
  // Puts back what has tokens left, and the children of what has none.
  void Return(std::vector<Open> pass);

  const PrefixTrie& trie_;
  const Model& model_;
  size_t state_bytes_;
  size_t held_bytes_ = 0, peak_bytes_ = 0;
  std::vector<Open> open_;  // the next one last
};

}  // namespace llamba

#endif  // LLAMBA_EVAL_ENGINE_TRIE_WALK_H_

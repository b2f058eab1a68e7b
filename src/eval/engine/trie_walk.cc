#include "eval/engine/trie_walk.h"

#include <algorithm>

#include "base/error.h"

namespace llamba {

struct TrieWalk::Held {
  Held(State from, size_t bytes, size_t* total)
      : state(std::move(from)), bytes_(bytes), total_(total) {
    *total_ += bytes_;
  }
  ~Held() { *total_ -= bytes_; }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  void Resize(size_t bytes) {
    *total_ += bytes - bytes_;
    bytes_ = bytes;
  }

  State state;

 private:
  size_t bytes_;
  size_t* total_;
};

TrieWalk::TrieWalk(const PrefixTrie& trie, const Model& model,
                   size_t state_bytes)
    : trie_(trie), model_(model), state_bytes_(state_bytes) {
  for (auto root = trie.roots().rbegin(); root != trie.roots().rend(); ++root) {
    open_.push_back({*root, 0, nullptr, false});
  }
}

size_t StateBytes(const ModelConfig& config, size_t tokens) {
  const auto page = static_cast<size_t>(State::kPageTokens);
  const size_t paged = (tokens + page - 1) / page * page;
  return static_cast<size_t>(
      config.StateBytes(static_cast<int64_t>(paged), sizeof(float)));
}

bool TrieWalk::Start(Open& open, bool needed) {
  if (open.started) return true;
  const size_t bytes =
      StateBytes(model_.config(), trie_.nodes()[open.node].end);
  const bool only = open.held != nullptr && open.held.use_count() == 1;
  if (!needed && !only && held_bytes_ + bytes > state_bytes_) return false;
  if (only) {
    // The last of the parent's children goes on in the parent's state.
    open.held->Resize(bytes);
  } else {
    State state = open.held ? open.held->state : model_.NewState();
    open.held = std::make_shared<Held>(std::move(state), bytes, &held_bytes_);
  }
  open.started = true;
  peak_bytes_ = std::max(peak_bytes_, held_bytes_);
  return true;
}

SequenceInput TrieWalk::InputOf(const Open& open, int64_t rows) const {
  const PrefixTrie::Node& node = trie_.nodes()[open.node];
  SequenceInput input;
  input.state = &open.held->state;
  size_t end = node.end;
  // Rows without logits end before those with them, unless it is only one,
  // which `kLast` gives as well.
  if (open.next < node.wanted && node.wanted + 1 < node.end) end = node.wanted;
  end = std::min(end, open.next + static_cast<size_t>(rows));
  input.ids =
      trie_.Tokens(node).subspan(open.next - node.begin, end - open.next);
  input.logits = open.next >= node.wanted ? LogitsFor::kAll
                 : end > node.wanted      ? LogitsFor::kLast
                                          : LogitsFor::kNone;
  return input;
}

std::vector<TrieWalk::Open> TrieWalk::Choose() {
  std::vector<Open> pass;
  int64_t rows = Executor::kMaxRows;
  while (!open_.empty() && rows > 0) {
    if (!Start(open_.back(), pass.empty())) break;
    rows -= static_cast<int64_t>(InputOf(open_.back(), rows).ids.size());
    pass.push_back(std::move(open_.back()));
    open_.pop_back();
  }
  return pass;
}

void TrieWalk::Return(std::vector<Open> pass) {
  // Last comes what was first, so that its children are next.
  for (auto open = pass.rbegin(); open != pass.rend(); ++open) {
    const PrefixTrie::Node& node = trie_.nodes()[open->node];
    if (open->next < node.end) {
      open_.push_back(std::move(*open));
      continue;
    }
    for (auto child = node.children.rbegin(); child != node.children.rend();
         ++child) {
      open_.push_back({*child, node.end, open->held, false});
    }
    open->held.reset();
  }
}

int64_t TrieWalk::Step(Executor& executor, RowSink sink) {
  std::vector<Open> pass = Choose();
  std::vector<SequenceInput> inputs;
  int64_t rows = 0;
  for (const Open& open : pass) {
    inputs.push_back(InputOf(open, Executor::kMaxRows - rows));
    rows += static_cast<int64_t>(inputs.back().ids.size());
  }
  executor.Forward(inputs, [&](size_t sequence, int64_t index,
                               std::span<const float> logits) {
    const Open& open = pass[sequence];
    sink(trie_.nodes()[open.node], open.next + static_cast<size_t>(index),
         logits);
  });
  for (size_t i = 0; i < pass.size(); ++i) {
    pass[i].next += inputs[i].ids.size();
  }
  Return(std::move(pass));
  return rows;
}

}  // namespace llamba

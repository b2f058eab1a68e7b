#include "tokenizer/merges.h"

#include <algorithm>
#include <array>
#include <limits>
#include <queue>
#include <tuple>

#include "base/error.h"

namespace llamba {
namespace {

constexpr size_t kShort = 48;

// At most kShort symbols: find the best pair, join it, look at its neighbours.
void MergeShort(const MergeTable& table, std::vector<int32_t>* symbols) {
  std::vector<int32_t>& s = *symbols;
  std::array<const Merge*, kShort> pair;  // of s[i] and s[i + 1]
  for (size_t i = 0; i + 1 < s.size(); ++i) {
    pair[i] = table.Find(s[i], s[i + 1]);
  }
  while (s.size() > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < s.size(); ++i) {
      if (pair[i] != nullptr &&
          (pair[best] == nullptr || pair[i]->rank < pair[best]->rank)) {
        best = i;
      }
    }
    if (pair[best] == nullptr) return;
    s[best] = pair[best]->result;
    s.erase(s.begin() + best + 1);
    std::copy(pair.begin() + best + 1, pair.begin() + s.size(),
              pair.begin() + best);
    if (best > 0) pair[best - 1] = table.Find(s[best - 1], s[best]);
    if (best + 1 < s.size()) pair[best] = table.Find(s[best], s[best + 1]);
  }
}

// Any number: the symbols form a list, and candidates wait in a heap. A
// candidate is stale when either of its ends has merged since.
class LongMerger {
 public:
  LongMerger(const MergeTable& table, std::vector<int32_t>* symbols)
      : table_(table), ids_(*symbols) {
    const auto n = static_cast<uint32_t>(ids_.size());
    links_.resize(n);
    for (uint32_t i = 0; i < n; ++i) {
      links_[i] = {i == 0 ? kNone : i - 1, i + 1 == n ? kNone : i + 1};
    }
    for (uint32_t i = 0; i + 1 < n; ++i) Propose(i);
  }

  void Run() {
    while (!heap_.empty()) {
      const Candidate top = heap_.top();
      heap_.pop();
      const uint32_t right = links_[top.at].next;
      if (right == kNone || ids_[top.at] != top.merge->left ||
          ids_[right] != top.merge->right) {
        continue;
      }
      Join(top.at, right, top.merge->result);
    }
    ids_.erase(std::remove(ids_.begin(), ids_.end(), kMerged), ids_.end());
  }

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  // Unlike -1, which a caller may use for a character without a token.
  static constexpr int32_t kMerged = std::numeric_limits<int32_t>::min();

  struct Links {
    uint32_t previous, next;
  };
  struct Candidate {
    const Merge* merge;
    uint32_t at;
    bool operator<(const Candidate& other) const {
      return std::tie(merge->rank, at) > std::tie(other.merge->rank, other.at);
    }
  };

  void Propose(uint32_t at) {
    const uint32_t right = links_[at].next;
    if (right == kNone) return;
    const Merge* merge = table_.Find(ids_[at], ids_[right]);
    if (merge != nullptr) heap_.push({merge, at});
  }

  void Join(uint32_t left, uint32_t right, int32_t result) {
    ids_[left] = result;
    ids_[right] = kMerged;
    links_[left].next = links_[right].next;
    links_[right].next = kNone;
    if (links_[left].next != kNone) links_[links_[left].next].previous = left;
    Propose(left);
    if (links_[left].previous != kNone) Propose(links_[left].previous);
  }

  const MergeTable& table_;
  std::vector<int32_t>& ids_;
  std::vector<Links> links_;
  std::priority_queue<Candidate> heap_;
};

}  // namespace

MergeTable::MergeTable(const std::vector<Merge>& merges) {
  size_t capacity = 16;
  // At most three quarters full.
  while (3 * capacity < 4 * merges.size()) capacity *= 2;
  slots_.assign(capacity, {-1, -1, 0, -1});
  const size_t mask = capacity - 1;
  for (const Merge& merge : merges) {
    size_t at = Hash(merge.left, merge.right) & mask;
    while (slots_[at].result >= 0 &&
           (slots_[at].left != merge.left || slots_[at].right != merge.right)) {
      at = (at + 1) & mask;
    }
    slots_[at] = merge;
  }
}

std::vector<Merge> MergeTable::Sorted() const {
  std::vector<Merge> merges;
  for (const Merge& slot : slots_) {
    if (slot.result >= 0) merges.push_back(slot);
  }
  std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return std::tie(a.rank, a.left, a.right) <
           std::tie(b.rank, b.left, b.right);
  });
  return merges;
}

std::vector<Merge> DeriveMerges(const Vocabulary& vocabulary,
                                const PieceIndex& index,
                                std::span<const uint32_t> ranks) {
  std::vector<Merge> merges;
  for (int32_t id = 0; id < static_cast<int32_t>(ranks.size()); ++id) {
    const std::string_view piece = vocabulary.bytes(id);
    if (piece.size() < 2 || index.Find(piece) != id) continue;
    for (size_t cut = 1; cut < piece.size(); ++cut) {
      const int32_t left = index.Find(piece.substr(0, cut));
      if (left < 0) continue;
      const int32_t right = index.Find(piece.substr(cut));
      if (right >= 0) merges.push_back({left, right, ranks[id], id});
    }
  }
  return merges;
}

void MergeSymbols(const MergeTable& table, std::vector<int32_t>* symbols) {
  if (symbols->size() <= kShort) {
    MergeShort(table, symbols);
    return;
  }
  if (symbols->size() >= std::numeric_limits<uint32_t>::max()) {
    Fail("cannot encode a word of {} characters", symbols->size());
  }
  LongMerger(table, symbols).Run();
}

}  // namespace llamba

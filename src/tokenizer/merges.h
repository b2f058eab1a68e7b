#ifndef LLAMBA_TOKENIZER_MERGES_H_
#define LLAMBA_TOKENIZER_MERGES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace llamba {

// Two neighbouring tokens that become one. The lowest rank goes first; of equal
// ranks, the leftmost.
struct Merge {
  int32_t left, right;
  uint32_t rank;
  int32_t result;
};

// Pair -> merge. Immutable once built.
class MergeTable {
 public:
  explicit MergeTable(const std::vector<Merge>& merges);

  // Null where the two stay apart. A negative id merges with nothing.
  const Merge* Find(int32_t left, int32_t right) const {
    const size_t mask = slots_.size() - 1;
    for (size_t at = Hash(left, right) & mask;; at = (at + 1) & mask) {
      const Merge& merge = slots_[at];
      if (merge.left == left && merge.right == right && merge.result >= 0) {
        return &merge;
      }
      if (merge.result < 0) return nullptr;
    }
  }
  // All of them, by rank (then by the ids of left and right): the order of a
  // file's list of merges.
  std::vector<Merge> Sorted() const;

 private:
  static size_t Hash(int32_t left, int32_t right) {
    const uint64_t key = uint64_t{static_cast<uint32_t>(left)} << 32 |
                         static_cast<uint32_t>(right);
    return static_cast<size_t>(key * 0x9E3779B97F4A7C15 >> 32);
  }
  std::vector<Merge> slots_;
};

// The merges of a vocabulary that comes without: every way to cut an indexed
// piece into two indexed ones, with the rank of the whole, `ranks[id]`. This is
// how tiktoken's ranks and SentencePiece's scores work, written as pairs.
std::vector<Merge> DeriveMerges(const Vocabulary& vocabulary,
                                const PieceIndex& index,
                                std::span<const uint32_t> ranks);

// Merges `symbols` in place until no pair is left. Short lists are scanned;
// long ones go through a heap, so that a word of a megabyte takes
// n log n steps.
void MergeSymbols(const MergeTable& table, std::vector<int32_t>* symbols);

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_MERGES_H_

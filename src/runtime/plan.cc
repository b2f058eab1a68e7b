#include "runtime/plan.h"

#include <algorithm>

namespace llamba {

std::vector<Piece> NextPass(std::span<const int64_t> done,
                            std::span<const int64_t> total, int64_t max_rows) {
  std::vector<Piece> pieces;
  for (size_t i = 0; i < total.size(); ++i) {
    if (done[i] < total[i]) pieces.push_back({i, done[i], total[i] - done[i]});
  }
  // Shortest first: what one does not need of its share goes to the others.
  std::stable_sort(
      pieces.begin(), pieces.end(),
      [](const Piece& a, const Piece& b) { return a.n_tokens < b.n_tokens; });
  int64_t rows = max_rows;
  size_t used = 0;
  for (; used < pieces.size() && rows > 0; ++used) {
    const auto waiting = static_cast<int64_t>(pieces.size() - used);
    const int64_t share = std::max<int64_t>(1, rows / waiting);
    pieces[used].n_tokens = std::min(pieces[used].n_tokens, share);
    rows -= pieces[used].n_tokens;
  }
  pieces.resize(used);
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    return a.sequence < b.sequence;
  });
  return pieces;
}

}  // namespace llamba

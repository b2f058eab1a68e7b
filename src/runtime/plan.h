#ifndef LLAMBA_RUNTIME_PLAN_H_
#define LLAMBA_RUNTIME_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace llamba {

// The tokens of one sequence of a call that go through the layers in one pass.
struct Piece {
  size_t sequence = 0;
  int64_t begin = 0;  // index of its first token
  int64_t n_tokens = 0;
};

// Cuts a call into passes of at most `max_rows` tokens. `done` and `total`
// count every sequence's tokens; empty when none is left. Short sequences pass
// whole, long ones share what rows remain alike. In order of sequence.
std::vector<Piece> NextPass(std::span<const int64_t> done,
                            std::span<const int64_t> total, int64_t max_rows);

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_PLAN_H_

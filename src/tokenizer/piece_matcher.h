#ifndef LLAMBA_TOKENIZER_PIECE_MATCHER_H_
#define LLAMBA_TOKENIZER_PIECE_MATCHER_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llamba {

// Finds special and user-defined tokens in a text: the leftmost, and of several
// there the longest. Immutable after Finish.
class PieceMatcher {
 public:
  struct Match {
    size_t at = 0;
    size_t length = 0;  // 0: no match
    int32_t id = -1;
  };

  // Empty pieces are ignored.
  void Add(std::string_view piece, int32_t id);
  void Finish();

  bool empty() const { return pieces_.empty(); }
  Match MatchAt(std::string_view text, size_t at) const;
  // The first match from `at` on.
  Match Find(std::string_view text, size_t at) const;

 private:
  struct Piece {
    std::string text;
    int32_t id;
  };
  // By first byte, then longest first.
  std::vector<Piece> pieces_;
  std::array<uint32_t, 257> first_of_byte_ = {};
};

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_PIECE_MATCHER_H_

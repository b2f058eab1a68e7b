#include "tokenizer/piece_matcher.h"

#include <algorithm>

namespace llamba {

void PieceMatcher::Add(std::string_view piece, int32_t id) {
  if (!piece.empty()) pieces_.push_back({std::string(piece), id});
}

void PieceMatcher::Finish() {
  const auto first_byte = [](const Piece& piece) {
    return static_cast<uint8_t>(piece.text[0]);
  };
  std::stable_sort(pieces_.begin(), pieces_.end(),
                   [&](const Piece& a, const Piece& b) {
                     if (first_byte(a) != first_byte(b)) {
                       return first_byte(a) < first_byte(b);
                     }
                     return a.text.size() > b.text.size();
                   });
  first_of_byte_.fill(0);
  for (const Piece& piece : pieces_) ++first_of_byte_[first_byte(piece) + 1];
  for (size_t i = 1; i < first_of_byte_.size(); ++i) {
    first_of_byte_[i] += first_of_byte_[i - 1];
  }
}

PieceMatcher::Match PieceMatcher::MatchAt(std::string_view text,
                                          size_t at) const {
  const auto byte = static_cast<uint8_t>(text[at]);
  for (uint32_t i = first_of_byte_[byte]; i < first_of_byte_[byte + 1]; ++i) {
    const Piece& piece = pieces_[i];
    if (text.compare(at, piece.text.size(), piece.text) == 0) {
      return {at, piece.text.size(), piece.id};
    }
  }
  return {};
}

PieceMatcher::Match PieceMatcher::Find(std::string_view text, size_t at) const {
  if (pieces_.empty()) return {};
  for (; at < text.size(); ++at) {
    const Match match = MatchAt(text, at);
    if (match.length != 0) return match;
  }
  return {};
}

}  // namespace llamba

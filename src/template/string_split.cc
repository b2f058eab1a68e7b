#include "template/string_split.h"

#include <iterator>

#include "template/unicode.h"

namespace llamba::jinja {
namespace {

// Bytes of the code point's line break, or 0. Python's splitlines knows more
// than "\n".
bool IsLineBreak(char32_t code) {
  return (code >= 10 && code <= 13) || (code >= 28 && code <= 30) ||
         code == 0x85 || code == 0x2028 || code == 0x2029;
}

class Pieces {
 public:
  void Add(std::string_view piece) {
    charge_.Grow(sizeof(Value));
    items_.emplace_back(piece);
  }
  size_t size() const { return items_.size(); }
  std::vector<Value> Take() { return std::move(items_); }
  std::vector<Value> TakeReversed() {
    return {std::make_move_iterator(items_.rbegin()),
            std::make_move_iterator(items_.rend())};
  }

 private:
  std::vector<Value> items_;
  Charge charge_;
};

bool May(const Pieces& pieces, int64_t limit) {
  return limit < 0 || static_cast<int64_t>(pieces.size()) < limit;
}

size_t WordEnd(std::string_view text) {
  size_t pos = 0;
  while (pos < text.size() && !IsSpace(DecodeAt(text, pos))) {
    pos += CodePointBytes(text, pos);
  }
  return pos;
}

// Where the last word of `text`, which ends in none of white space, starts.
size_t LastWordStart(std::string_view text) {
  size_t start = text.size();
  while (start > 0) {
    const std::string_view head = text.substr(0, start);
    if (StripRight(head).size() != head.size()) break;
    --start;
    while (start > 0 && (static_cast<uint8_t>(text[start]) & 0xC0) == 0x80) {
      --start;
    }
  }
  return start;
}

}  // namespace

std::vector<Value> SplitWords(std::string_view text, int64_t limit) {
  Pieces pieces;
  text = StripLeft(text);
  while (!text.empty() && May(pieces, limit)) {
    const size_t end = WordEnd(text);
    pieces.Add(text.substr(0, end));
    text = StripLeft(text.substr(end));
  }
  // The rest keeps its trailing white space, as Python has it.
  if (!text.empty()) pieces.Add(text);
  return pieces.Take();
}

std::vector<Value> SplitWordsRight(std::string_view text, int64_t limit) {
  Pieces pieces;
  text = StripRight(text);
  while (!text.empty() && May(pieces, limit)) {
    const size_t start = LastWordStart(text);
    pieces.Add(text.substr(start));
    text = StripRight(text.substr(0, start));
  }
  if (!text.empty()) pieces.Add(text);
  return pieces.TakeReversed();
}

std::vector<Value> Split(std::string_view text, std::string_view separator,
                         int64_t limit) {
  if (separator.empty()) Raise("empty separator");
  Pieces pieces;
  while (May(pieces, limit)) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    pieces.Add(text.substr(0, at));
    text = text.substr(at + separator.size());
  }
  pieces.Add(text);
  return pieces.Take();
}

std::vector<Value> SplitRight(std::string_view text, std::string_view separator,
                              int64_t limit) {
  if (separator.empty()) Raise("empty separator");
  Pieces pieces;
  while (May(pieces, limit)) {
    const size_t at = text.rfind(separator);
    if (at == std::string_view::npos) break;
    pieces.Add(text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  pieces.Add(text);
  return pieces.TakeReversed();
}

std::vector<Value> SplitLines(std::string_view text, bool keep_ends) {
  Pieces pieces;
  size_t start = 0;
  for (size_t pos = 0; pos < text.size();) {
    const size_t bytes = CodePointBytes(text, pos);
    if (!IsLineBreak(DecodeAt(text, pos))) {
      pos += bytes;
      continue;
    }
    const bool pair = text.substr(pos, 2) == "\r\n";
    const size_t end = pos + (pair ? 2 : bytes);
    pieces.Add(text.substr(start, (keep_ends ? end : pos) - start));
    pos = start = end;
  }
  if (start < text.size()) pieces.Add(text.substr(start));
  return pieces.Take();
}

}  // namespace llamba::jinja

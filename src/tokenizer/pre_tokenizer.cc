#include "tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "tokenizer/utf8.h"

namespace llamba {
namespace {

constexpr std::array<std::pair<std::string_view, PreTokenizer>, 6> kNames = {{
    {"gpt-2", PreTokenizer::kGpt2},
    {"llama-bpe", PreTokenizer::kLlama3},
    {"smollm", PreTokenizer::kSmolLm},
    {"gpt2", PreTokenizer::kGpt2},
    {"llama3", PreTokenizer::kLlama3},
    {"llama-v3", PreTokenizer::kLlama3},
}};
constexpr size_t kMainNames = 3;

struct Char {
  CharClass char_class;
  uint8_t length;  // 0 past the end, with class kSpace
};

// Matches at a position of [.., end_): every function returns where the match
// ends, or its start where there is none.
class Matcher {
 public:
  Matcher(const ClassTable& classes, const char* end)
      : classes_(classes), end_(end) {}

  Char At(const char* p) const {
    if (p == end_) return {CharClass::kSpace, 0};
    const auto byte = static_cast<uint8_t>(*p);
    if (byte < 0x80) return {classes_.ascii(byte), 1};
    const Utf8Step step =
        DecodeUtf8({p, static_cast<size_t>(std::min<ptrdiff_t>(end_ - p, 4))});
    if (step.status != Utf8Step::kComplete) return {CharClass::kOther, 1};
    return {classes_.Find(step.value), static_cast<uint8_t>(step.length)};
  }

  const char* Run(const char* p, CharClass wanted) const {
    for (;;) {
      const Char c = At(p);
      if (c.length == 0 || c.char_class != wanted) return p;
      p += c.length;
    }
  }

  const char* Newlines(const char* p) const {
    while (p != end_ && (*p == '\r' || *p == '\n')) ++p;
    return p;
  }

  // \s+(?!\S)|\s+ : all of a run of spaces but the last one, which belongs to
  // the word that follows; all of it at the end of the text.
  const char* Spaces(const char* p) const {
    const char* last = p;
    const char* q = p;
    for (Char c = At(q); c.length != 0 && c.char_class == CharClass::kSpace;
         c = At(q)) {
      last = q;
      q += c.length;
    }
    return q == end_ || last == p ? q : last;
  }

  // \s*[\r\n]+ : up to the last line break of a run of spaces.
  const char* SpacesToNewline(const char* p) const {
    const char* found = p;
    const char* q = p;
    for (Char c = At(q); c.length != 0 && c.char_class == CharClass::kSpace;
         c = At(q)) {
      if (*q == '\r' || *q == '\n') found = q + 1;
      q += c.length;
    }
    return found;
  }

  const char* Contraction(const char* p, bool any_case) const;
  const char* Gpt2(const char* p) const;
  const char* Llama3(const char* p) const;

 private:
  // Does the text at `p` start with `word` (lower case)? 0, or its bytes there.
  // Folding reaches one character outside ASCII: U+017F is another s.
  size_t StartsWith(const char* p, std::string_view word, bool any_case) const;

  const ClassTable& classes_;
  const char* end_;
};

size_t Matcher::StartsWith(const char* p, std::string_view word,
                           bool any_case) const {
  const char* q = p;
  for (const char wanted : word) {
    if (q == end_) return 0;
    if (*q == wanted || (any_case && *q == wanted - 'a' + 'A')) {
      ++q;
    } else if (any_case && wanted == 's' && end_ - q >= 2 &&
               std::string_view(q, 2) == "\xC5\xBF") {
      q += 2;
    } else {
      return 0;
    }
  }
  return static_cast<size_t>(q - p);
}

const char* Matcher::Contraction(const char* p, bool any_case) const {
  for (const std::string_view ending : {"s", "t", "re", "ve", "m", "ll", "d"}) {
    const size_t length = StartsWith(p + 1, ending, any_case);
    if (length != 0) return p + 1 + length;
  }
  return p;
}

const char* Matcher::Gpt2(const char* p) const {
  if (*p == '\'') {
    const char* q = Contraction(p, false);
    if (q != p) return q;
  }
  const char* word = *p == ' ' ? p + 1 : p;
  const Char c = At(word);
  if (c.char_class == CharClass::kSpace) return Spaces(p);
  return Run(word + c.length, c.char_class);
}

const char* Matcher::Llama3(const char* p) const {
  const Char c = At(p);
  if (c.char_class == CharClass::kLetter) {
    return Run(p + c.length, CharClass::kLetter);
  }
  if (c.char_class == CharClass::kNumber) {
    const char* q = p + c.length;
    for (int i = 1; i < 3; ++i) {
      const Char next = At(q);
      if (next.char_class != CharClass::kNumber) break;
      q += next.length;
    }
    return q;
  }
  if (*p == '\'') {
    const char* q = Contraction(p, true);
    if (q != p) return q;
  }
  const Char next = At(p + c.length);
  if (next.char_class == CharClass::kLetter && *p != '\r' && *p != '\n') {
    return Run(p + c.length, CharClass::kLetter);
  }
  if (c.char_class == CharClass::kOther ||
      (*p == ' ' && next.char_class == CharClass::kOther)) {
    return Newlines(Run(p + c.length, CharClass::kOther));
  }
  const char* newline = SpacesToNewline(p);
  return newline != p ? newline : Spaces(p);
}

}  // namespace

std::string_view PreTokenizerName(PreTokenizer pre) {
  for (const auto& [name, value] : kNames) {
    if (value == pre) return name;
  }
  return "";
}

std::optional<PreTokenizer> ParsePreTokenizer(std::string_view name) {
  for (const auto& [known, value] : kNames) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::string KnownPreTokenizers() {
  std::string list;
  for (size_t i = 0; i < kMainNames; ++i) {
    if (i != 0) list += ", ";
    list += kNames[i].first;
  }
  return list;
}

PreTokenCursor::PreTokenCursor(PreTokenizer pre, std::string_view text)
    : pre_(pre),
      classes_(ClassTable::Get()),
      at_(text.data()),
      end_(text.data() + text.size()),
      segment_end_(pre == PreTokenizer::kSmolLm ? at_ : end_) {}

const char* PreTokenCursor::NumberFreeEnd(const char* at) const {
  const Matcher matcher(classes_, end_);
  for (;;) {
    const Char c = matcher.At(at);
    if (c.length == 0 || c.char_class == CharClass::kNumber) return at;
    at += c.length;
  }
}

bool PreTokenCursor::Next(std::string_view* piece) {
  if (at_ == end_) return false;
  const char* begin = at_;
  if (at_ == segment_end_) {
    segment_end_ = NumberFreeEnd(at_);
  }
  if (at_ == segment_end_) {
    at_ += Matcher(classes_, end_).At(at_).length;
    segment_end_ = at_;
  } else {
    const Matcher matcher(classes_, segment_end_);
    at_ =
        pre_ == PreTokenizer::kLlama3 ? matcher.Llama3(at_) : matcher.Gpt2(at_);
  }
  *piece = {begin, static_cast<size_t>(at_ - begin)};
  return true;
}

}  // namespace llamba

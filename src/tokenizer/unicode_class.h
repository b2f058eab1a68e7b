#ifndef LLAMBA_TOKENIZER_UNICODE_CLASS_H_
#define LLAMBA_TOKENIZER_UNICODE_CLASS_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace llamba {

// What the patterns of pre-tokenizers tell apart: \p{L}, \p{N}, \s (the
// property White_Space: U+180E is not in it) and everything else.
enum class CharClass : uint8_t { kOther, kLetter, kNumber, kSpace };

struct ClassRange {
  char32_t first, last;
  CharClass char_class;
};

// Unicode 16, ascending, kOther left out; written by
// tools/generate_unicode_classes.py.
std::span<const ClassRange> UnicodeClassRanges();

// The class of every code point in two look-ups. Immutable.
class ClassTable {
 public:
  static const ClassTable& Get();

  CharClass ascii(uint8_t byte) const { return ascii_[byte]; }
  // `value` is at most U+10FFFF.
  CharClass Find(char32_t value) const {
    return pages_[page_of_[value >> 8]][value & 0xFF];
  }

 private:
  using Page = std::array<CharClass, 256>;
  ClassTable();

  std::array<CharClass, 128> ascii_;
  std::array<uint16_t, 0x1100> page_of_;
  std::vector<Page> pages_;
};

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_UNICODE_CLASS_H_

#include "eval/text.h"

#include <locale.h>

#include <cwctype>

#include "tokenizer/utf8.h"

namespace llamba {
namespace {

// Python's str.isspace, which `\s` of a str pattern shares.
bool IsSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 ||
         c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
         c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

struct Character {
  char32_t value;
  size_t length;
};

Character FirstOf(std::string_view text) {
  const Utf8Step step = DecodeUtf8(text);
  if (step.status == Utf8Step::kComplete) return {step.value, step.length};
  return {0xFFFD, 1};
}

// A character's other case, whatever the locale of the process.
char32_t Cased(char32_t c, bool upper) {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const auto wide = static_cast<wint_t>(c);
  if (locale == nullptr) {
    if (c > 127) return c;
    return static_cast<char32_t>(upper ? std::towupper(wide)
                                       : std::towlower(wide));
  }
  return static_cast<char32_t>(upper ? towupper_l(wide, locale)
                                     : towlower_l(wide, locale));
}

// The first character in one case and, where `rest` asks for it, the others in
// small letters.
std::string Recase(std::string_view text, bool upper_first, bool rest) {
  std::string out;
  bool first = true;
  while (!text.empty() && (first || rest)) {
    const Utf8Step step = DecodeUtf8(text);
    if (step.status == Utf8Step::kComplete) {
      AppendUtf8(Cased(step.value, first && upper_first), &out);
    } else {
      out.append(text.substr(0, step.length));
    }
    text.remove_prefix(step.length);
    first = false;
  }
  return out.append(text);
}

}  // namespace

std::string_view StripRight(std::string_view text) {
  size_t kept = 0;
  for (size_t at = 0; at < text.size();) {
    const Character character = FirstOf(text.substr(at));
    at += character.length;
    if (!IsSpace(character.value)) kept = at;
  }
  return text.substr(0, kept);
}

std::string_view Strip(std::string_view text) {
  while (!text.empty()) {
    const Character character = FirstOf(text);
    if (!IsSpace(character.value)) break;
    text.remove_prefix(character.length);
  }
  return StripRight(text);
}

int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(FirstOf(text).length);
  return count;
}

int64_t CountWords(std::string_view text) {
  int64_t gaps = 0;
  bool in_space = false;
  while (!text.empty()) {
    const Character character = FirstOf(text);
    const bool space = IsSpace(character.value);
    if (space && !in_space) ++gaps;
    in_space = space;
    text.remove_prefix(character.length);
  }
  return gaps + 1;
}

std::string LowerFirst(std::string_view text) {
  return Recase(text, false, false);
}

std::string Capitalize(std::string_view text) {
  return Recase(text, true, true);
}

std::string ReplaceAll(std::string_view text, std::string_view from,
                       std::string_view to) {
  std::string out;
  for (;;) {
    const size_t at = text.find(from);
    out.append(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    out.append(to);
    text.remove_prefix(at + from.size());
  }
}

}  // namespace llamba

#include "template/literals.h"

#include <charconv>
#include <cstdlib>

#include "template/unicode.h"

namespace llamba::jinja {
namespace {

char At(std::string_view text, size_t pos) {
  return pos < text.size() ? text[pos] : '\0';
}

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

bool IsDigitOf(char c, int base) { return DigitValue(c) < base; }

// (_?digit)* from `pos` on; the end of it.
size_t ScanDigits(std::string_view text, size_t pos, int base) {
  for (;;) {
    const size_t digit = At(text, pos) == '_' ? pos + 1 : pos;
    if (!IsDigitOf(At(text, digit), base)) return pos;
    pos = digit + 1;
  }
}

// digit(_?digit)*, or `pos` where no digit stands.
size_t ScanNumber(std::string_view text, size_t pos) {
  return IsDigitOf(At(text, pos), 10) ? ScanDigits(text, pos + 1, 10) : pos;
}

int BaseOf(std::string_view text) {
  if (At(text, 0) != '0') return 10;
  switch (At(text, 1) | 0x20) {
    case 'x':
      return 16;
    case 'o':
      return 8;
    case 'b':
      return 2;
    default:
      return 10;
  }
}

std::string WithoutUnderscores(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c != '_') out += c;
  }
  return out;
}

// Escapes of one letter; '\0' for others.
char SimpleEscape(char c) {
  constexpr std::string_view kLetters = "abfnrtv\\'\"";
  constexpr std::string_view kCodes = "\a\b\f\n\r\t\v\\'\"";
  const size_t i = kLetters.find(c);
  return i == std::string_view::npos ? '\0' : kCodes[i];
}

int HexDigits(char c) { return c == 'x' ? 2 : (c == 'u' ? 4 : 8); }

class Unescaper {
 public:
  Unescaper(std::string_view text, int line) : text_(text), line_(line) {}

  std::string Run() {
    std::string out;
    while (pos_ < text_.size()) {
      const char c = text_[pos_++];
      if (c == '\\') {
        Escape(&out);
      } else {
        out += c;
      }
    }
    return out;
  }

 private:
  void Escape(std::string* out) {
    const char c = At(text_, pos_);
    if (pos_ >= text_.size()) {
      *out += '\\';
      return;
    }
    ++pos_;
    if (const char simple = SimpleEscape(c)) {
      *out += simple;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      Hex(c, out);
    } else if (c >= '0' && c <= '7') {
      Octal(c, out);
    } else if (c == 'N') {
      throw SyntaxError(line_, "string escape '\\N' is not supported");
    } else if (c != '\n') {
      *out += '\\';
      *out += c;
    }
  }

  void Hex(char kind, std::string* out) {
    uint32_t code = 0;
    for (int i = 0; i < HexDigits(kind); ++i) {
      const int digit = DigitValue(At(text_, pos_));
      if (digit >= 16) {
        throw SyntaxError(line_,
                          fmt::format("truncated string escape '\\{}'", kind));
      }
      code = code << 4 | static_cast<uint32_t>(digit);
      ++pos_;
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
      throw SyntaxError(
          line_, fmt::format("string escape U+{:04X} is no character", code));
    }
    AppendUtf8(code, out);
  }

  void Octal(char first, std::string* out) {
    auto code = static_cast<char32_t>(first - '0');
    for (int i = 0; i < 2 && IsDigitOf(At(text_, pos_), 8); ++i) {
      code = code * 8 + static_cast<char32_t>(text_[pos_++] - '0');
    }
    AppendUtf8(code, out);
  }

  std::string_view text_;
  int line_;
  size_t pos_ = 0;
};

}  // namespace

size_t ScanFloat(std::string_view text) {
  const size_t whole = ScanNumber(text, 0);
  if (whole == 0) return 0;
  size_t end = whole;
  if (At(text, whole) == '.') {
    const size_t fraction = ScanNumber(text, whole + 1);
    if (fraction != whole + 1) end = fraction;
  }
  if ((At(text, end) | 0x20) == 'e') {
    const char sign = At(text, end + 1);
    const size_t digits = end + (sign == '+' || sign == '-' ? 2 : 1);
    const size_t exponent = ScanNumber(text, digits);
    if (exponent != digits) end = exponent;
  }
  return end == whole ? 0 : end;
}

size_t ScanInteger(std::string_view text) {
  const int base = BaseOf(text);
  if (base != 10) {
    const size_t end = ScanDigits(text, 2, base);
    if (end > 2) return end;
  }
  if (!IsDigitOf(At(text, 0), 10)) return 0;
  // A leading zero is followed by nothing but zeros.
  return ScanDigits(text, 1, text[0] == '0' ? 1 : 10);
}

void ParseInteger(std::string_view text, Token* token) {
  const int base = BaseOf(text);
  const std::string digits =
      WithoutUnderscores(base == 10 ? text : text.substr(2));
  const auto result = std::from_chars(
      digits.data(), digits.data() + digits.size(), token->integer, base);
  if (result.ec != std::errc()) {
    throw SyntaxError(token->line, "an integer exceeds 64 bits");
  }
}

void ParseFloat(std::string_view text, Token* token) {
  const std::string digits = WithoutUnderscores(text);
  const auto result = std::from_chars(
      digits.data(), digits.data() + digits.size(), token->number);
  if (result.ec != std::errc()) {
    throw SyntaxError(token->line, "a float exceeds its range");
  }
}

std::string Unescape(std::string_view text, int line) {
  return Unescaper(text, line).Run();
}

}  // namespace llamba::jinja

#include "template/unicode.h"

#include <algorithm>
#include <iterator>

namespace llamba::jinja {
namespace {

struct CaseRange {
  char32_t first, last;
  uint32_t step;
  int32_t delta;
};
struct CaseText {
  char32_t code;
  const char* text;
};
struct CodeRange {
  char32_t first, last;
};

#include "template/unicode_tables.inc"

constexpr char32_t kRawByte = 0xDC00;

// The range that may hold `code`, or null; ranges are sorted.
template <typename Range, size_t n>
const Range* FindRange(const Range (&table)[n], char32_t code) {
  const Range* it = std::lower_bound(
      std::begin(table), std::end(table), code,
      [](const Range& range, char32_t c) { return range.last < c; });
  return it != std::end(table) && it->first <= code ? it : nullptr;
}

template <size_t n>
const char* FindText(const CaseText (&table)[n], char32_t code) {
  const CaseText* it = std::lower_bound(
      std::begin(table), std::end(table), code,
      [](const CaseText& row, char32_t c) { return row.code < c; });
  return it != std::end(table) && it->code == code ? it->text : nullptr;
}

template <size_t n>
char32_t MapOne(const CaseRange (&table)[n], char32_t code) {
  const CaseRange* range = FindRange(table, code);
  if (range == nullptr || (code - range->first) % range->step != 0) return code;
  return code + range->delta;
}

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// Bytes that the lead byte promises; 0 for a byte that cannot lead.
size_t PromisedBytes(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// Overlong forms, surrogates and codes past U+10FFFF show in the second byte.
bool SecondByteFits(uint8_t lead, uint8_t second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second <= 0x8F;
  return true;
}

// Bytes of the valid sequence at `pos`, or 0.
size_t ValidBytes(std::string_view text, size_t pos) {
  const auto lead = static_cast<uint8_t>(text[pos]);
  const size_t n = PromisedBytes(lead);
  if (n == 0 || n > text.size() - pos) return 0;
  for (size_t i = 1; i < n; ++i) {
    if (!IsContinuation(text[pos + i])) return 0;
  }
  if (n > 1 && !SecondByteFits(lead, static_cast<uint8_t>(text[pos + 1]))) {
    return 0;
  }
  return n;
}

template <typename Append>
std::string MapText(std::string_view text, Append append) {
  std::string out;
  out.reserve(text.size());
  for (size_t pos = 0; pos < text.size();) {
    const char32_t code = DecodeAt(text, pos);
    append(code, &out);
    pos += CodePointBytes(text, pos);
  }
  return out;
}

}  // namespace

size_t CodePointBytes(std::string_view text, size_t pos) {
  return std::max<size_t>(ValidBytes(text, pos), 1);
}

char32_t DecodeAt(std::string_view text, size_t pos) {
  const size_t n = ValidBytes(text, pos);
  const auto lead = static_cast<uint8_t>(text[pos]);
  if (n == 1) return lead;
  if (n == 0) return kRawByte + lead;
  char32_t code = lead & (0xFF >> (n + 1));
  for (size_t i = 1; i < n; ++i) {
    code = code << 6 | (static_cast<uint8_t>(text[pos + i]) & 0x3F);
  }
  return code;
}

void AppendUtf8(char32_t code, std::string* out) {
  const auto put = [out](char32_t byte) {
    out->push_back(static_cast<char>(byte));
  };
  if (code < 0x80) {
    put(code);
  } else if (code >= kRawByte && code <= kRawByte + 0xFF) {
    put(code - kRawByte);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<uint8_t>(c) & 0x80) != 0;
  });
}

int64_t CodePointCount(std::string_view text) {
  int64_t count = 0;
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    ++count;
  }
  return count;
}

size_t ByteOffset(std::string_view text, int64_t index) {
  size_t pos = 0;
  while (index-- > 0 && pos < text.size()) pos += CodePointBytes(text, pos);
  return pos;
}

bool IsSpace(char32_t code) {
  if (code < 0x80) {
    return (code >= 9 && code <= 13) || (code >= 28 && code <= 32);
  }
  return code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

std::string_view StripLeft(std::string_view text) {
  size_t pos = 0;
  while (pos < text.size() && IsSpace(DecodeAt(text, pos))) {
    pos += CodePointBytes(text, pos);
  }
  return text.substr(pos);
}

std::string_view StripRight(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t start = end - 1;
    while (start > 0 && end - start < 4 && IsContinuation(text[start])) --start;
    if (CodePointBytes(text, start) != end - start) start = end - 1;
    if (!IsSpace(DecodeAt(text, start))) break;
    end = start;
  }
  return text.substr(0, end);
}

std::string_view Strip(std::string_view text) {
  return StripLeft(StripRight(text));
}

void AppendUpper(char32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(
        static_cast<char>(code >= 'a' && code <= 'z' ? code - 32 : code));
  } else if (const char* text = FindText(kUpperText, code)) {
    *out += text;
  } else {
    AppendUtf8(MapOne(kUpper, code), out);
  }
}

void AppendLower(char32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(
        static_cast<char>(code >= 'A' && code <= 'Z' ? code + 32 : code));
  } else if (const char* text = FindText(kLowerText, code)) {
    *out += text;
  } else {
    AppendUtf8(MapOne(kLower, code), out);
  }
}

void AppendTitle(char32_t code, std::string* out) {
  if (const char* text = FindText(kTitleText, code)) {
    *out += text;
  } else {
    AppendUpper(code, out);
  }
}

std::string ToUpper(std::string_view text) {
  return MapText(text, AppendUpper);
}

std::string ToLower(std::string_view text) {
  return MapText(text, AppendLower);
}

bool IsUpperCase(char32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z';
  return MapOne(kLower, code) != code;
}

bool IsLowerCase(char32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z';
  return MapOne(kUpper, code) != code || FindText(kUpperText, code) != nullptr;
}

bool IsCased(char32_t code) { return IsUpperCase(code) || IsLowerCase(code); }

bool IsAlpha(char32_t code) {
  if (code < 0x80) return IsCased(code);
  return FindRange(kAlpha, code) != nullptr;
}

bool IsWordChar(char32_t code) {
  if (code < 0x80) {
    return IsCased(code) || (code >= '0' && code <= '9') || code == '_';
  }
  return IsAlpha(code) || FindRange(kDigit, code) != nullptr;
}

}  // namespace llamba::jinja

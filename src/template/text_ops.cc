#include "template/text_ops.h"

#include <algorithm>

#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

bool HasCodePoint(std::string_view chars, std::string_view one) {
  for (size_t pos = 0; pos < chars.size();) {
    const size_t bytes = CodePointBytes(chars, pos);
    if (chars.substr(pos, bytes) == one) return true;
    pos += bytes;
  }
  return false;
}

size_t LastCodePoint(std::string_view text) {
  size_t start = text.size() - 1;
  while (start > 0 && text.size() - start < 4 &&
         (static_cast<uint8_t>(text[start]) & 0xC0) == 0x80) {
    --start;
  }
  return CodePointBytes(text, start) == text.size() - start ? start
                                                            : text.size() - 1;
}

void AppendFill(std::string_view fill, int64_t count, std::string* out) {
  if (count <= 0) return;
  CheckStringSize(out->size() + static_cast<size_t>(count));
  CheckStringSize(out->size() + static_cast<size_t>(count) * fill.size());
  for (int64_t i = 0; i < count; ++i) *out += fill;
}

}  // namespace

void WorkOnSearch(std::string_view text, std::string_view needle) {
  const size_t most = std::min(needle.size(), text.size());
  Work(static_cast<int64_t>((text.size() / 64 + 1) * (most / 8 + 1)));
}

std::string ReplaceText(std::string_view text, std::string_view old,
                        std::string_view by, int64_t count) {
  WorkOnSearch(text, old);
  std::string out;
  size_t pos = 0;
  // An empty `old` stands before every code point and at the end.
  for (bool start = true; count != 0; --count, start = false) {
    size_t at = text.find(old, pos);
    if (old.empty() && !start) {
      at = pos < text.size() ? pos + CodePointBytes(text, pos)
                             : std::string_view::npos;
    }
    if (at == std::string_view::npos) break;
    out += text.substr(pos, at - pos);
    out += by;
    CheckStringSize(out.size());
    pos = at + old.size();
  }
  out += text.substr(pos);
  return out;
}

std::string_view StripChars(std::string_view text, std::string_view chars,
                            bool left, bool right) {
  WorkOnSearch(text, chars);
  while (left && !text.empty()) {
    const size_t bytes = CodePointBytes(text, 0);
    if (!HasCodePoint(chars, text.substr(0, bytes))) break;
    text.remove_prefix(bytes);
  }
  while (right && !text.empty()) {
    const size_t last = LastCodePoint(text);
    if (!HasCodePoint(chars, text.substr(last))) break;
    text.remove_suffix(text.size() - last);
  }
  return text;
}

std::string Capitalize(std::string_view text) {
  if (text.empty()) return "";
  std::string out;
  AppendTitle(DecodeAt(text, 0), &out);
  return out + ToLower(text.substr(CodePointBytes(text, 0)));
}

std::string JoinText(std::string_view separator, const Value& items,
                     bool stringify) {
  std::string out;
  bool first = true;
  const std::unique_ptr<Cursor> cursor = Iterate(items);
  for (Value item; cursor->Next(&item); first = false) {
    Work(1);
    if (!item.IsString() && !stringify) {
      Raise("join() needs strings, found '{}'", item.TypeName());
    }
    if (!first) out += separator;
    out += item.IsString() ? item.AsString() : Str(item);
    CheckStringSize(out.size());
  }
  return out;
}

std::string CenterText(std::string_view text, int64_t width,
                       std::string_view fill) {
  const int64_t length = CodePointCount(text);
  const int64_t missing = std::max<int64_t>(width - length, 0);
  // CPython puts the odd one to the left only for an odd width.
  const int64_t left = missing / 2 + (missing & width & 1);
  std::string out;
  AppendFill(fill, left, &out);
  out += text;
  AppendFill(fill, missing - left, &out);
  return out;
}

std::string JustifyText(std::string_view text, int64_t width,
                        std::string_view fill, bool to_right) {
  const int64_t missing = width - CodePointCount(text);
  std::string out;
  if (to_right) AppendFill(fill, missing, &out);
  out += text;
  if (!to_right) AppendFill(fill, missing, &out);
  return out;
}

}  // namespace llamba::jinja

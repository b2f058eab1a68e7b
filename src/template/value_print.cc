#include <charconv>
#include <cmath>

#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

// Digits and exponent of the shortest text that reads back as `number`:
// d.ddd x 10^exponent.
std::pair<std::string, int> ShortestDigits(double number) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), number,
                                 std::chars_format::scientific);
  const std::string text(buffer, end.ptr);
  const size_t e = text.find('e');
  std::string digits = text.substr(0, 1);
  if (e > 2) digits += text.substr(2, e - 2);
  return {digits, std::stoi(text.substr(e + 1))};
}

std::string Scientific(const std::string& digits, int exponent) {
  std::string out = digits.substr(0, 1);
  if (digits.size() > 1) out.append(1, '.').append(digits, 1);
  return out +
         fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
}

std::string Positional(std::string digits, int exponent) {
  if (exponent < 0) return "0." + std::string(-exponent - 1, '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    digits.append(whole - digits.size(), '0');
    return digits + ".0";
  }
  return digits.substr(0, whole) + "." + digits.substr(whole);
}

void Append(std::string* out, std::string_view text) {
  CheckStringSize(out->size() + text.size());
  out->append(text);
}

std::string ReprItems(const std::vector<Value>& items, bool tuple, int depth) {
  std::string out(1, tuple ? '(' : '[');
  for (size_t i = 0; i < items.size(); ++i) {
    if (i != 0) out += ", ";
    Append(&out, Repr(items[i], depth + 1));
  }
  if (tuple && items.size() == 1) out += ",";
  return out + (tuple ? ')' : ']');
}

std::string ReprDict(const Value& value, int depth) {
  std::string out = "{";
  for (const auto& [key, item] : value.Pairs()) {
    if (out.size() > 1) out += ", ";
    Append(&out, Repr(key, depth + 1));
    out += ": ";
    Append(&out, Repr(item, depth + 1));
  }
  return out + "}";
}

// Code points that Python's repr escapes, as far as texts of chats have them:
// controls, the separators but for the plain space, and format characters.
bool IsPrintable(char32_t code) {
  if (code < 0x7F) return code >= 0x20;
  if (code < 0xA1 || code == 0xAD) return false;
  if (IsSpace(code)) return false;
  if (code >= 0x200B && code <= 0x200F) return false;
  if (code >= 0x2028 && code <= 0x202E) return false;
  if (code >= 0x2060 && code <= 0x206F) return false;
  if (code >= 0xD800 && code <= 0xF8FF) return false;
  return code != 0xFEFF && (code < 0xFFF0 || code > 0xFFFB) && code < 0xE0000;
}

void AppendEscaped(char32_t code, std::string* out) {
  if (code == '\n') {
    *out += "\\n";
  } else if (code == '\r') {
    *out += "\\r";
  } else if (code == '\t') {
    *out += "\\t";
  } else if (code < 0x100) {
    *out += fmt::format("\\x{:02x}", static_cast<uint32_t>(code));
  } else if (code < 0x10000) {
    *out += fmt::format("\\u{:04x}", static_cast<uint32_t>(code));
  } else {
    *out += fmt::format("\\U{:08x}", static_cast<uint32_t>(code));
  }
}

}  // namespace

std::string ReprFloat(double number) {
  if (std::isnan(number)) return "nan";
  const std::string sign = std::signbit(number) ? "-" : "";
  if (std::isinf(number)) return sign + "inf";
  const auto [digits, exponent] = ShortestDigits(std::fabs(number));
  // Python's repr: exponents from 1e16 on and below 1e-4.
  if (exponent < -4 || exponent >= 16)
    return sign + Scientific(digits, exponent);
  return sign + Positional(digits, exponent);
}

std::string ReprString(std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos;
  const bool use_double = single && text.find('"') == std::string_view::npos;
  const char quote = use_double ? '"' : '\'';
  std::string out(1, quote);
  for (size_t pos = 0; pos < text.size();) {
    const size_t bytes = CodePointBytes(text, pos);
    const char32_t code = DecodeAt(text, pos);
    if (code == static_cast<char32_t>(quote) || code == '\\') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (IsPrintable(code)) {
      out += text.substr(pos, bytes);
    } else {
      AppendEscaped(code, &out);
    }
    pos += bytes;
  }
  return out + quote;
}

std::string Repr(const Value& value, int depth) {
  Work(1);
  if (depth > 2 * kMaxValueDepth) Raise("a value that holds itself is printed");
  if (value.IsString()) return ReprString(value.AsString());
  if (value.IsNone()) return "None";
  if (value.IsUndefined()) return "Undefined";
  if (value.IsBool()) return value.AsBool() ? "True" : "False";
  if (value.IsInt()) return std::to_string(value.AsInt());
  if (value.IsFloat()) return ReprFloat(value.AsDouble());
  if (value.IsSequence()) {
    return ReprItems(value.Items(), value.IsTuple(), depth);
  }
  if (value.IsDict()) return ReprDict(value, depth);
  return value.AsObject()->Repr(depth);
}

std::string Str(const Value& value) {
  if (value.IsString()) return value.AsString();
  if (value.IsUndefined()) return "";
  return Repr(value);
}

}  // namespace llamba::jinja

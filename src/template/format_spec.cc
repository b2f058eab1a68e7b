#include "template/format_spec.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

constexpr int kMaxFormatNumber = 1000;

std::string Pad(std::string_view text, const FormatSpec& spec, char align) {
  const int64_t missing = spec.width - CodePointCount(text);
  if (missing <= 0) return std::string(text);
  const int64_t left =
      align == '>' ? missing : (align == '^' ? missing / 2 : 0);
  std::string out;
  for (int64_t i = 0; i < left; ++i) out += spec.fill;
  out += text;
  for (int64_t i = left; i < missing; ++i) out += spec.fill;
  return out;
}

std::string Sign(bool negative, char sign) {
  if (negative) return "-";
  return sign == 0 ? "" : std::string(1, sign);
}

std::string InBase(uint64_t number, unsigned base, bool upper) {
  const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string out;
  do {
    out += digits[number % base];
    number /= base;
  } while (number != 0);
  std::reverse(out.begin(), out.end());
  return out;
}

std::string GroupThousands(const std::string& digits, char separator) {
  size_t whole = digits.find_first_not_of("0123456789");
  if (whole == std::string::npos) whole = digits.size();
  std::string out;
  for (size_t i = 0; i < whole; ++i) {
    if (i != 0 && (whole - i) % 3 == 0) out += separator;
    out += digits[i];
  }
  return out + digits.substr(whole);
}

// Digits without sign, and the prefix that '#' asks for.
std::pair<std::string, std::string> IntegerDigits(int64_t number,
                                                  const FormatSpec& spec) {
  const uint64_t magnitude = number < 0 ? 0 - static_cast<uint64_t>(number)
                                        : static_cast<uint64_t>(number);
  const auto prefix = [&](const char* text) {
    return spec.alternate ? std::string(text) : std::string();
  };
  switch (spec.type) {
    case 'x':
      return {InBase(magnitude, 16, false), prefix("0x")};
    case 'X':
      return {InBase(magnitude, 16, true), prefix("0X")};
    case 'o':
      return {InBase(magnitude, 8, false), prefix("0o")};
    case 'b':
      return {InBase(magnitude, 2, false), prefix("0b")};
    default:
      return {std::to_string(magnitude), ""};
  }
}

// '0' and '=' put the padding between the sign and the digits.
std::string Assemble(const std::string& sign, std::string digits,
                     const FormatSpec& spec) {
  if (spec.thousands != 0) digits = GroupThousands(digits, spec.thousands);
  if (spec.align == '=') {
    const auto used = static_cast<int64_t>(sign.size() + digits.size());
    std::string fill;
    for (int64_t i = used; i < spec.width; ++i) fill += spec.fill;
    return sign + fill + digits;
  }
  return Pad(sign + digits, spec, spec.align == 0 ? '>' : spec.align);
}

std::string FloatDigits(double magnitude, const FormatSpec& spec) {
  if (std::isinf(magnitude)) return "inf";
  if (std::isnan(magnitude)) return "nan";
  if (spec.type == 0 && spec.precision < 0) return ReprFloat(magnitude);
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  if (spec.type == '%')
    return FormatDouble(magnitude * 100, precision, 'f') + "%";
  const char type = spec.type == 0 || spec.type == 'n' ? 'g' : spec.type;
  return FormatDouble(magnitude, precision, type, spec.alternate);
}

bool IsAlign(char c) { return c == '<' || c == '>' || c == '^' || c == '='; }

}  // namespace

int ReadFormatNumber(std::string_view text, size_t* pos) {
  if (*pos >= text.size() ||
      std::isdigit(static_cast<uint8_t>(text[*pos])) == 0) {
    return -1;
  }
  int number = 0;
  while (*pos < text.size() &&
         std::isdigit(static_cast<uint8_t>(text[*pos])) != 0) {
    number = number * 10 + (text[(*pos)++] - '0');
    if (number > kMaxFormatNumber) {
      Raise("a format's width or precision exceeds the limit of {}",
            kMaxFormatNumber);
    }
  }
  return number;
}

std::string FormatDouble(double number, int precision, char type,
                         bool alternate) {
  const std::string format =
      std::string("%") + (alternate ? "#" : "") + ".*" + type;
  const int size = std::snprintf(nullptr, 0, format.c_str(), precision, number);
  std::string out(static_cast<size_t>(size), '\0');
  std::snprintf(out.data(), out.size() + 1, format.c_str(), precision, number);
  return out;
}

std::string FormatNumber(const Value& value, const FormatSpec& spec) {
  if (value.IsIntegral() &&
      (spec.type == 0 ||
       std::string_view("dxXobn").find(spec.type) != std::string_view::npos)) {
    const int64_t number = value.AsInt();
    const auto [digits, prefix] = IntegerDigits(number, spec);
    return Assemble(Sign(number < 0, spec.sign) + prefix, digits, spec);
  }
  const double number = value.AsDouble();
  const bool negative = std::signbit(number) && !std::isnan(number);
  return Assemble(Sign(negative, spec.sign),
                  FloatDigits(std::fabs(number), spec), spec);
}

std::string FormatText(std::string_view text, const FormatSpec& spec) {
  if (spec.precision >= 0)
    text = text.substr(0, ByteOffset(text, spec.precision));
  return Pad(text, spec, spec.align == 0 ? '<' : spec.align);
}

FormatSpec ParseFormatSpec(std::string_view text) {
  FormatSpec spec;
  size_t pos = 0;
  const auto at = [&](size_t i) { return i < text.size() ? text[i] : '\0'; };
  const size_t fill = text.empty() ? 0 : CodePointBytes(text, 0);
  if (fill != 0 && IsAlign(at(fill))) {
    spec.fill = text.substr(0, fill);
    spec.align = at(fill);
    pos = fill + 1;
  } else if (IsAlign(at(0))) {
    spec.align = at(pos++);
  }
  if (at(pos) == '+' || at(pos) == ' ' || at(pos) == '-') {
    spec.sign = at(pos) == '-' ? 0 : at(pos);
    ++pos;
  }
  if (at(pos) == '#') {
    spec.alternate = true;
    ++pos;
  }
  if (at(pos) == '0' && spec.align == 0) {
    spec.fill.assign(1, '0');
    spec.align = '=';
  }
  spec.width = std::max(ReadFormatNumber(text, &pos), 0);
  if (at(pos) == ',' || at(pos) == '_') spec.thousands = at(pos++);
  if (at(pos) == '.') {
    ++pos;
    spec.precision = ReadFormatNumber(text, &pos);
    if (spec.precision < 0) Raise("format specifier missing precision");
  }
  if (pos < text.size()) spec.type = text[pos++];
  if (pos != text.size() ||
      (spec.type != 0 && std::string_view("sdfFeEgGxXobn%c").find(spec.type) ==
                             std::string_view::npos)) {
    Raise("invalid format specifier '{}'", text);
  }
  return spec;
}

std::string FormatValue(const Value& value, const FormatSpec& spec) {
  if (value.IsNumber() && spec.type != 's' && spec.type != 'c' &&
      !(value.IsBool() && spec.type == 0)) {
    if (value.IsFloat() && spec.type != 0 &&
        std::string_view("dxXob").find(spec.type) != std::string_view::npos) {
      Raise("unknown format code '{}' for object of type 'float'", spec.type);
    }
    return FormatNumber(value, spec);
  }
  if ((spec.type != 0 && spec.type != 's') || value.IsNumber()) {
    if (!(value.IsBool() && spec.type == 0)) {
      Raise("unknown format code '{}' for object of type '{}'", spec.type,
            value.TypeName());
    }
  }
  if (spec.align == '=') Raise("'=' alignment not allowed in string format");
  return FormatText(Str(value), spec);
}

}  // namespace llamba::jinja

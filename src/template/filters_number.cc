#include <charconv>
#include <cmath>
#include <optional>

#include "template/format_spec.h"
#include "template/params.h"
#include "template/tables.h"
#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

// The text between white space, underscores between digits dropped as Python's
// int() and float() allow them; empty where they stand elsewhere.
std::string NumberText(std::string_view text) {
  text = Strip(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const auto is_digit = [&](size_t at) {
      return at < text.size() && text[at] != '_' &&
             IsWordChar(static_cast<uint8_t>(text[at]));
    };
    if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) return "";
  }
  return out;
}

bool TakeSign(std::string_view* text) {
  if (text->empty() || (text->front() != '-' && text->front() != '+')) {
    return false;
  }
  const bool negative = text->front() == '-';
  text->remove_prefix(1);
  return negative;
}

int PrefixBase(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 0;
  const char c = static_cast<char>(text[1] | 0x20);
  return c == 'x' ? 16 : (c == 'o' ? 8 : (c == 'b' ? 2 : 0));
}

// int(text, base); empty where Python raises ValueError.
std::optional<int64_t> ParseInt(const std::string& source, int64_t base) {
  if (base != 0 && (base < 2 || base > 36)) {
    Raise("int() base must be >= 2 and <= 36, or 0");
  }
  const std::string clean = NumberText(source);
  std::string_view text = clean;
  const bool negative = TakeSign(&text);
  const int prefix = PrefixBase(text);
  if (prefix != 0 && (base == 0 || base == prefix)) {
    text.remove_prefix(2);
    base = prefix;
  }
  if (base == 0) base = 10;
  if (text.empty() || text[0] == '-') return std::nullopt;
  const std::string digits = fmt::format("{}{}", negative ? "-" : "", text);
  int64_t number = 0;
  const auto result =
      std::from_chars(digits.data(), digits.data() + digits.size(), number,
                      static_cast<int>(base));
  if (result.ptr != digits.data() + digits.size()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) {
    Raise("an integer exceeds 64 bits");
  }
  return result.ec == std::errc() ? std::optional(number) : std::nullopt;
}

// float(text); empty where Python raises ValueError.
std::optional<double> ParseDouble(const std::string& source) {
  const std::string clean = NumberText(source);
  std::string_view text = clean;
  const bool negative = TakeSign(&text);
  // from_chars takes a minus and "nan(...)" that Python does not.
  if (text.empty() || text[0] == '-' ||
      text.find('(') != std::string_view::npos) {
    return std::nullopt;
  }
  double number = 0;
  const auto result =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ptr != text.data() + text.size()) return std::nullopt;
  if (result.ec == std::errc::result_out_of_range) {
    const bool tiny = text.find("e-") != std::string_view::npos ||
                      text.find("E-") != std::string_view::npos;
    number = tiny ? 0 : HUGE_VAL;
  } else if (result.ec != std::errc()) {
    return std::nullopt;
  }
  return negative ? -number : number;
}

Value Int(Interpreter&, const Value& value, const Args& args) {
  const Params params("int", args, {"default", "base"});
  value.RequireDefined();
  if (value.IsIntegral()) return value.AsInt();
  if (value.IsFloat()) {
    if (std::isnan(value.AsDouble())) return params.Or(0, 0);
    return IntFromDouble(value.AsDouble());
  }
  if (!value.IsString()) return params.Or(0, 0);
  const auto number = ParseInt(value.AsString(), params.Int(1, 10));
  if (number.has_value()) return *number;
  const auto real = ParseDouble(value.AsString());
  if (!real.has_value() || !std::isfinite(*real)) return params.Or(0, 0);
  return IntFromDouble(*real);
}

Value Float(Interpreter&, const Value& value, const Args& args) {
  const Params params("float", args, {"default"});
  value.RequireDefined();
  if (value.IsNumber()) return value.AsDouble();
  if (!value.IsString()) return params.Or(0, 0.0);
  const auto number = ParseDouble(value.AsString());
  return number.has_value() ? Value(*number) : params.Or(0, 0.0);
}

Value Abs(Interpreter&, const Value& value, const Args& args) {
  const Params params("abs", args, {});
  value.RequireDefined();
  if (value.IsFloat()) return std::fabs(value.AsDouble());
  if (!value.IsNumber()) {
    Raise("bad operand type for abs(): '{}'", value.TypeName());
  }
  return value.AsInt() < 0 ? Negate(value) : Value(value.AsInt());
}

double RoundHalfEven(double number, int64_t precision) {
  // A double has no digits beyond these, and none left of its largest.
  if (!std::isfinite(number) || precision > 330) return number;
  if (precision < -310) return 0;
  if (precision >= 0) {
    // The decimal expansion is exact, so its rounding is Python's.
    return std::stod(FormatDouble(number, static_cast<int>(precision), 'f'));
  }
  const auto scale = std::pow(10.0L, static_cast<long double>(-precision));
  return static_cast<double>(std::nearbyint(number / scale) * scale);
}

int64_t RoundInteger(int64_t number, int64_t precision) {
  if (precision >= 0) return number;
  if (precision < -18) return 0;
  const auto scale = static_cast<int64_t>(std::pow(10.0L, -precision));
  int64_t rest = number % scale;
  if (rest < 0) rest += scale;
  const int64_t down = number - rest;
  const bool odd = (down / scale) % 2 != 0;
  const bool up = rest > scale / 2 || (rest == scale / 2 && odd);
  return up ? Add(down, scale).AsInt() : down;
}

Value Round(Interpreter&, const Value& value, const Args& args) {
  const Params params("round", args, {"precision", "method"});
  const int64_t precision = params.Int(0, 0);
  const std::string method = params.Has(1) ? params.Text(1) : "common";
  value.RequireDefined();
  if (!value.IsNumber())
    Raise("round needs a number, not '{}'", value.TypeName());
  if (method == "common") {
    if (value.IsIntegral()) return RoundInteger(value.AsInt(), precision);
    return RoundHalfEven(value.AsDouble(), precision);
  }
  if (method != "ceil" && method != "floor") {
    Raise("round's method must be common, ceil or floor");
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = value.AsDouble() * scale;
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
}

constexpr FilterEntry kFilters[] = {
    {"abs", Abs},
    {"float", Float},
    {"int", Int},
    {"round", Round},
};

}  // namespace

std::span<const FilterEntry> NumberFilters() { return kFilters; }

}  // namespace llamba::jinja

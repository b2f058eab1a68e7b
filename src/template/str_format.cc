#include "template/str_format.h"

#include <algorithm>
#include <optional>

#include "base/parse_number.h"
#include "template/format_spec.h"
#include "template/interpreter.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

std::optional<int64_t> AsIndex(std::string_view text) {
  const auto index = ParseNumber<int64_t>(text);
  return index && *index >= 0 ? index : std::nullopt;
}

class StrFormatter {
 public:
  StrFormatter(Interpreter& interpreter, std::string_view format,
               const Args& args)
      : interpreter_(interpreter), format_(format), args_(args) {}

  std::string Run() {
    std::string out;
    while (pos_ < format_.size()) {
      const char c = format_[pos_++];
      const bool doubled = pos_ < format_.size() && format_[pos_] == c;
      if ((c == '{' || c == '}') && doubled) {
        out += c;
        ++pos_;
      } else if (c == '}') {
        Raise("single '}}' encountered in format string");
      } else if (c == '{') {
        out += Field();
      } else {
        out += c;
      }
      CheckStringSize(out.size());
    }
    return out;
  }

 private:
  // The text of a field whose '{' has been read.
  std::string Field() {
    const size_t close = format_.find('}', pos_);
    if (close == std::string_view::npos) {
      Raise("expected '}}' before end of string");
    }
    std::string_view body = format_.substr(pos_, close - pos_);
    if (body.find('{') != std::string_view::npos) {
      Raise("fields inside a format specifier are not supported");
    }
    pos_ = close + 1;
    const size_t colon = body.find(':');
    const std::string_view spec =
        colon == std::string_view::npos ? "" : body.substr(colon + 1);
    body = body.substr(0, colon);
    char conversion = 0;
    if (body.size() >= 2 && body[body.size() - 2] == '!') {
      conversion = body.back();
      body.remove_suffix(2);
    }
    Value value = Resolve(body);
    if (conversion == 'r') value = Repr(value);
    if (conversion == 's') value = Str(value);
    if (spec.empty()) return Str(value);
    return FormatValue(value, ParseFormatSpec(spec));
  }

  Value Resolve(std::string_view path) {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = First(path.substr(0, end));
    path.remove_prefix(end);
    while (!path.empty()) {
      const bool is_attribute = path[0] == '.';
      path.remove_prefix(1);
      const size_t size =
          std::min(is_attribute ? path.find_first_of(".[") : path.find(']'),
                   path.size());
      const std::string name(path.substr(0, size));
      path.remove_prefix(std::min(path.size(), size + (is_attribute ? 0 : 1)));
      const std::optional<int64_t> index = AsIndex(name);
      value = is_attribute ? interpreter_.GetAttribute(value, name)
                           : interpreter_.GetItem(
                                 value, index ? Value(*index) : Value(name));
    }
    return value;
  }

  Value First(std::string_view name) {
    std::optional<int64_t> index = AsIndex(name);
    if (name.empty()) index = next_++;
    if (index.has_value()) {
      if (*index >= static_cast<int64_t>(args_.positional.size())) {
        Raise("the format's argument {} is missing", *index);
      }
      return args_.positional[static_cast<size_t>(*index)];
    }
    for (const auto& [key, value] : args_.named) {
      if (key == name) return value;
    }
    Raise("the format's argument '{}' is missing", name);
  }

  Interpreter& interpreter_;
  std::string_view format_;
  const Args& args_;
  size_t pos_ = 0;
  int64_t next_ = 0;
};

}  // namespace

std::string StrFormat(Interpreter& interpreter, const std::string& format,
                      const Args& args) {
  return StrFormatter(interpreter, format, args).Run();
}

}  // namespace llamba::jinja

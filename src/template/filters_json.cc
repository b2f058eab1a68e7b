#include <algorithm>
#include <cmath>
#include <optional>

#include "template/params.h"
#include "template/tables.h"
#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

struct JsonOptions {
  bool ensure_ascii = false;
  bool sort_keys = false;
  // Of one level; nothing for all on one line.
  std::optional<std::string> indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

// json.dumps of Python, as far as its options reach templates.
class JsonWriter {
 public:
  explicit JsonWriter(const JsonOptions& options) : options_(options) {}

  std::string Dump(const Value& value) {
    Write(value, 0);
    return std::move(out_);
  }

 private:
  void Write(const Value& value, int level) {
    Work(1);
    CheckStringSize(out_.size());
    if (value.IsString()) {
      WriteString(value.AsString());
    } else if (value.IsNone()) {
      out_ += "null";
    } else if (value.IsBool()) {
      out_ += value.AsBool() ? "true" : "false";
    } else if (value.IsInt()) {
      out_ += std::to_string(value.AsInt());
    } else if (value.IsFloat()) {
      out_ += Number(value.AsDouble());
    } else if (value.IsSequence()) {
      WriteList(value.Items(), level);
    } else if (value.IsDict()) {
      WriteDict(value.Pairs(), level);
    } else {
      Raise("object of type {} is not JSON serializable", value.TypeName());
    }
  }

  static std::string Number(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return ReprFloat(number);
  }

  void NewLine(int level) {
    if (!options_.indent.has_value()) return;
    out_ += '\n';
    for (int i = 0; i < level; ++i) out_ += *options_.indent;
    CheckStringSize(out_.size());
  }

  void WriteList(const std::vector<Value>& items, int level) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i != 0) out_ += options_.item_separator;
      NewLine(level + 1);
      Write(items[i], level + 1);
    }
    NewLine(level);
    out_ += ']';
  }

  void WriteDict(std::vector<std::pair<Value, Value>> pairs, int level) {
    if (pairs.empty()) {
      out_ += "{}";
      return;
    }
    if (options_.sort_keys) {
      std::stable_sort(pairs.begin(), pairs.end(),
                       [](const auto& a, const auto& b) {
                         return Compare(a.first, b.first, "<") < 0;
                       });
    }
    out_ += '{';
    for (size_t i = 0; i < pairs.size(); ++i) {
      if (i != 0) out_ += options_.item_separator;
      NewLine(level + 1);
      WriteString(Key(pairs[i].first));
      out_ += options_.key_separator;
      Write(pairs[i].second, level + 1);
    }
    NewLine(level);
    out_ += '}';
  }

  static std::string Key(const Value& key) {
    if (key.IsString()) return key.AsString();
    if (key.IsNone()) return "null";
    if (key.IsBool()) return key.AsBool() ? "true" : "false";
    if (key.IsInt()) return std::to_string(key.AsInt());
    if (key.IsFloat()) return Number(key.AsDouble());
    Raise("JSON keys must be str, int, float, bool or None, not {}",
          key.TypeName());
  }

  void WriteString(const std::string& text) {
    out_ += '"';
    for (size_t pos = 0; pos < text.size();) {
      const size_t bytes = CodePointBytes(text, pos);
      const char32_t code = DecodeAt(text, pos);
      if (!WriteEscape(code)) out_.append(text, pos, bytes);
      pos += bytes;
    }
    out_ += '"';
  }

  bool WriteEscape(char32_t code) {
    constexpr std::string_view kPlain = "\"\\\n\r\t\f\b";
    constexpr std::string_view kLetters = "\"\\nrtfb";
    const size_t i = code < 0x80 ? kPlain.find(static_cast<char>(code))
                                 : std::string_view::npos;
    if (i != std::string_view::npos) {
      out_ += '\\';
      out_ += kLetters[i];
    } else if (code < 0x20 || (options_.ensure_ascii && code >= 0x7F)) {
      WriteUnit(code);
    } else {
      return false;
    }
    return true;
  }

  void WriteUnit(char32_t code) {
    if (code >= 0x10000) {
      WriteUnit(0xD800 + ((code - 0x10000) >> 10));
      code = 0xDC00 + ((code - 0x10000) & 0x3FF);
    }
    out_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(code));
  }

  const JsonOptions& options_;
  std::string out_;
};

void ReadSeparators(const Value& value, JsonOptions* options) {
  const std::vector<Value> pair = ToVector(value);
  if (pair.size() != 2 || !pair[0].IsString() || !pair[1].IsString()) {
    Raise("tojson's separators must be two strings");
  }
  options->item_separator = pair[0].AsString();
  options->key_separator = pair[1].AsString();
}

void ReadIndent(const Value& value, JsonOptions* options) {
  if (value.IsString()) {
    options->indent = value.AsString();
  } else if (value.IsIntegral() && value.AsInt() <= 1000) {
    options->indent.emplace(
        static_cast<size_t>(std::max<int64_t>(value.AsInt(), 0)), ' ');
  } else {
    Raise("tojson's indent must be a string or an integer up to 1000");
  }
  options->item_separator.assign(1, ',');
}

Value ToJson(Interpreter&, const Value& value, const Args& args) {
  const Params params("tojson", args,
                      {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonOptions options;
  options.ensure_ascii = params.Flag(0, false);
  options.sort_keys = params.Flag(3, false);
  if (params.Has(1) && !params[1].IsNone()) ReadIndent(params[1], &options);
  if (params.Has(2) && !params[2].IsNone()) ReadSeparators(params[2], &options);
  return JsonWriter(options).Dump(value);
}

constexpr FilterEntry kFilters[] = {{"tojson", ToJson}};

}  // namespace

std::span<const FilterEntry> JsonFilters() { return kFilters; }

}  // namespace llamba::jinja

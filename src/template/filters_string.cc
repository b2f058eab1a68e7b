#include <algorithm>

#include "template/params.h"
#include "template/string_split.h"
#include "template/tables.h"
#include "template/text_ops.h"
#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

template <std::string (*function)(std::string_view)>
Value Map(Interpreter&, const Value& value, const Args& args) {
  const Params params("the filter", args, {});
  return function(Str(value));
}

// jinja2's title: words begin at white space, hyphens and opening brackets.
std::string TitleWords(std::string_view text) {
  std::string out;
  bool start = true;
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    const char32_t code = DecodeAt(text, pos);
    const bool between = IsSpace(code) || code == '-' || code == '(' ||
                         code == '{' || code == '[' || code == '<';
    (start ? AppendUpper : AppendLower)(code, &out);
    start = between;
  }
  return out;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Value Trim(Interpreter&, const Value& value, const Args& args) {
  const Params params("trim", args, {"chars"});
  const std::string text = Str(value);
  if (!params.Has(0) || params[0].IsNone()) return Strip(text);
  return StripChars(text, params.Text(0), true, true);
}

Value Replace(Interpreter&, const Value& value, const Args& args) {
  const Params params("replace", args, {"old", "new", "count"}, 2);
  const bool all = !params.Has(2) || params[2].IsNone();
  return ReplaceText(Str(value), Str(params[0]), Str(params[1]),
                     all ? -1 : params.Int(2, -1));
}

Value Format(Interpreter&, const Value& value, const Args& args) {
  if (!args.positional.empty() && !args.named.empty()) {
    Raise("format takes positional or keyword arguments, not both");
  }
  if (args.named.empty()) {
    return PercentFormat(Str(value), Value::MakeTuple(args.positional));
  }
  std::vector<std::pair<Value, Value>> pairs;
  for (const auto& [name, item] : args.named) SetKey(&pairs, name, item);
  return PercentFormat(Str(value), Value::MakeDict(std::move(pairs)));
}

const std::string& RequireText(const Value& value, const char* filter) {
  value.RequireDefined();
  if (!value.IsString()) {
    Raise("{} needs a string, not '{}'", filter, value.TypeName());
  }
  return value.AsString();
}

Value Indent(Interpreter&, const Value& value, const Args& args) {
  const Params params("indent", args, {"width", "first", "blank"});
  const std::string margin =
      params.Has(0) && params[0].IsString()
          ? params[0].AsString()
          : JustifyText("", params.Int(0, 4), " ", false);
  const bool first = params.Flag(1, false), blank = params.Flag(2, false);
  std::string out;
  bool is_first = true;
  for (const Value& line :
       SplitLines(RequireText(value, "indent") + "\n", false)) {
    const std::string& text = line.AsString();
    if (!is_first) out += "\n";
    if (is_first ? first : (blank || !text.empty())) out += margin;
    out += text;
    CheckStringSize(out.size());
    is_first = false;
  }
  return out;
}

Value Center(Interpreter&, const Value& value, const Args& args) {
  const Params params("center", args, {"width"});
  return CenterText(Str(value), params.Int(0, 80), " ");
}

Value Truncate(Interpreter&, const Value& value, const Args& args) {
  const Params params("truncate", args,
                      {"length", "killwords", "end", "leeway"});
  const std::string& text = RequireText(value, "truncate");
  const int64_t length = params.Int(0, 255);
  const std::string end = params.Has(2) ? params.Text(2) : "...";
  const bool has_leeway = params.Has(3) && !params[3].IsNone();
  const int64_t leeway = has_leeway ? params.Int(3, 5) : 5;
  const int64_t room = length - CodePointCount(end);
  if (room < 0 || leeway < 0) Raise("truncate needs room for its end");
  if (CodePointCount(text) <= length + leeway) return text;
  const std::string head = text.substr(0, ByteOffset(text, room));
  if (params.Flag(1, false)) return head + end;
  return SplitRight(head, " ", 1)[0].AsString() + end;
}

Value WordCount(Interpreter&, const Value& value, const Args& args) {
  const Params params("wordcount", args, {});
  const std::string text = Str(value);
  int64_t words = 0;
  bool inside = false;
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    const bool is_word = IsWordChar(DecodeAt(text, pos));
    words += is_word && !inside;
    inside = is_word;
  }
  return words;
}

Value UrlEncode(Interpreter&, const Value& value, const Args& args) {
  const Params params("urlencode", args, {});
  if (value.IsDict() || (IsIterable(value) && !value.IsString())) {
    Raise("urlencode of a '{}' is not supported", value.TypeName());
  }
  std::string out;
  for (char c : Str(value)) {
    const auto byte = static_cast<uint8_t>(c);
    const bool plain = byte < 0x80 && (IsWordChar(byte) || c == '-' ||
                                       c == '.' || c == '~' || c == '/');
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

constexpr FilterEntry kFilters[] = {
    {"capitalize", Map<Capitalize>},
    {"center", Center},
    {"e", Map<EscapeHtml>},
    {"escape", Map<EscapeHtml>},
    {"forceescape", Map<EscapeHtml>},
    {"format", Format},
    {"indent", Indent},
    {"lower", Map<ToLower>},
    {"replace", Replace},
    {"title", Map<TitleWords>},
    {"trim", Trim},
    {"truncate", Truncate},
    {"upper", Map<ToUpper>},
    {"urlencode", UrlEncode},
    {"wordcount", WordCount},
};

}  // namespace

std::span<const FilterEntry> StringFilters() { return kFilters; }

}  // namespace llamba::jinja

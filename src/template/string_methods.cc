#include <algorithm>

#include "template/params.h"
#include "template/str_format.h"
#include "template/string_split.h"
#include "template/tables.h"
#include "template/text_ops.h"
#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

template <std::string (*function)(std::string_view)>
Value Map(Interpreter&, const Value& self, const Args& args) {
  const Params params("the method", args, {});
  return function(self.AsString());
}

template <bool left, bool right>
Value StripMethod(Interpreter&, const Value& self, const Args& args) {
  const Params params("strip", args, {"chars"});
  std::string_view text = self.AsString();
  if (params.Has(0) && !params[0].IsNone()) {
    return StripChars(text, params.Text(0), left, right);
  }
  if (left) text = StripLeft(text);
  return right ? StripRight(text) : text;
}

template <bool from_right>
Value SplitMethod(Interpreter&, const Value& self, const Args& args) {
  const Params params("split", args, {"sep", "maxsplit"});
  const int64_t limit = params.Int(1, -1);
  const std::string& text = self.AsString();
  if (!params.Has(0) || params[0].IsNone()) {
    return Value::MakeList(from_right ? SplitWordsRight(text, limit)
                                      : SplitWords(text, limit));
  }
  WorkOnSearch(text, params.Text(0));
  return Value::MakeList(from_right ? SplitRight(text, params.Text(0), limit)
                                    : Split(text, params.Text(0), limit));
}

Value SplitLinesMethod(Interpreter&, const Value& self, const Args& args) {
  const Params params("splitlines", args, {"keepends"});
  return Value::MakeList(SplitLines(self.AsString(), params.Flag(0, false)));
}

Value Replace(Interpreter&, const Value& self, const Args& args) {
  const Params params("replace", args, {"old", "new", "count"}, 2);
  return ReplaceText(self.AsString(), params.Text(0), params.Text(1),
                     params.Int(2, -1));
}

// self[start:stop], for the methods that take such bounds.
std::string Part(const Value& self, const Params& params, size_t first) {
  return Slice(self, params.Or(first, Value()), params.Or(first + 1, Value()),
               Value())
      .AsString();
}

template <bool at_end>
bool Affixed(const std::string& text, const Value& affix) {
  affix.RequireDefined();
  if (!affix.IsString()) {
    Raise("startswith() and endswith() need a str or a tuple of str, not '{}'",
          affix.TypeName());
  }
  const std::string& part = affix.AsString();
  if (part.size() > text.size()) return false;
  return text.compare(at_end ? text.size() - part.size() : 0, part.size(),
                      part) == 0;
}

template <bool at_end>
Value AffixMethod(Interpreter&, const Value& self, const Args& args) {
  const Params params("startswith", args, {"prefix", "start", "end"}, 1);
  const std::string text = Part(self, params, 1);
  if (!params[0].IsTuple()) return Affixed<at_end>(text, params[0]);
  const auto& affixes = params[0].Items();
  return std::any_of(affixes.begin(), affixes.end(), [&](const Value& affix) {
    return Affixed<at_end>(text, affix);
  });
}

template <bool at_end>
Value RemoveAffix(Interpreter&, const Value& self, const Args& args) {
  const Params params("removeprefix", args, {"prefix"}, 1);
  std::string_view text = self.AsString();
  if (!Affixed<at_end>(self.AsString(), params[0])) return self;
  const size_t size = params.Text(0).size();
  return at_end ? text.substr(0, text.size() - size) : text.substr(size);
}

// The code point index of the part found, or -1.
template <bool from_right>
int64_t FindIndex(const Value& self, const Params& params) {
  const std::string& needle = params.Text(0);
  const std::string text = Part(self, params, 1);
  WorkOnSearch(text, needle);
  const size_t at = from_right ? text.rfind(needle) : text.find(needle);
  if (at == std::string::npos) return -1;
  // The bounds may have cut a head off.
  int64_t skipped = 0;
  if (params.Has(1) && !params[1].IsNone()) {
    const int64_t length = Length(self), start = params[1].AsInt();
    if (start > length) return -1;
    skipped = std::max<int64_t>(start < 0 ? start + length : start, 0);
  }
  return skipped + CodePointCount(std::string_view(text).substr(0, at));
}

template <bool from_right>
Value Find(Interpreter&, const Value& self, const Args& args) {
  const Params params("find", args, {"sub", "start", "end"}, 1);
  return FindIndex<from_right>(self, params);
}

template <bool from_right>
Value Index(Interpreter&, const Value& self, const Args& args) {
  const Params params("index", args, {"sub", "start", "end"}, 1);
  const int64_t index = FindIndex<from_right>(self, params);
  if (index < 0) Raise("substring not found");
  return index;
}

Value Count(Interpreter&, const Value& self, const Args& args) {
  const Params params("count", args, {"sub", "start", "end"}, 1);
  const std::string& needle = params.Text(0);
  const std::string text = Part(self, params, 1);
  if (needle.empty()) return CodePointCount(text) + 1;
  WorkOnSearch(text, needle);
  int64_t count = 0;
  for (size_t pos = 0; (pos = text.find(needle, pos)) != std::string::npos;
       pos += needle.size()) {
    ++count;
  }
  return count;
}

Value Join(Interpreter&, const Value& self, const Args& args) {
  const Params params("join", args, {"iterable"}, 1);
  return JoinText(self.AsString(), params[0], false);
}

std::string FillOf(const Params& params) {
  if (!params.Has(1)) return " ";
  if (CodePointCount(params.Text(1)) != 1) {
    Raise("the fill character must be exactly one character long");
  }
  return params.Text(1);
}

Value Center(Interpreter&, const Value& self, const Args& args) {
  const Params params("center", args, {"width", "fillchar"}, 1);
  return CenterText(self.AsString(), params.Int(0, 0), FillOf(params));
}

template <bool to_right>
Value Justify(Interpreter&, const Value& self, const Args& args) {
  const Params params("ljust", args, {"width", "fillchar"}, 1);
  return JustifyText(self.AsString(), params.Int(0, 0), FillOf(params),
                     to_right);
}

Value ZeroFill(Interpreter&, const Value& self, const Args& args) {
  const Params params("zfill", args, {"width"}, 1);
  const std::string& text = self.AsString();
  const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+');
  return text.substr(0, sign) +
         JustifyText(std::string_view(text).substr(sign),
                     params.Int(0, 0) - static_cast<int64_t>(sign), "0", true);
}

template <bool from_right>
Value Partition(Interpreter&, const Value& self, const Args& args) {
  const Params params("partition", args, {"sep"}, 1);
  const std::string& text = self.AsString();
  const std::string& separator = params.Text(0);
  if (separator.empty()) Raise("empty separator");
  WorkOnSearch(text, separator);
  const size_t at = from_right ? text.rfind(separator) : text.find(separator);
  if (at == std::string::npos) {
    return from_right ? Value::MakeTuple({"", "", self})
                      : Value::MakeTuple({self, "", ""});
  }
  return Value::MakeTuple(
      {text.substr(0, at), params[0], text.substr(at + separator.size())});
}

// A letter that follows none is a title letter, others are lower.
std::string TitleCase(std::string_view text) {
  std::string out;
  bool after_letter = false;
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    const char32_t code = DecodeAt(text, pos);
    (after_letter ? AppendLower : AppendTitle)(code, &out);
    after_letter = IsCased(code);
  }
  return out;
}

std::string SwapCase(std::string_view text) {
  std::string out;
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    const char32_t code = DecodeAt(text, pos);
    (IsUpperCase(code) ? AppendLower : AppendUpper)(code, &out);
  }
  return out;
}

Value Format(Interpreter& interpreter, const Value& self, const Args& args) {
  return StrFormat(interpreter, self.AsString(), args);
}

constexpr MethodEntry kMethods[] = {
    {"capitalize", Map<Capitalize>},
    {"center", Center},
    {"count", Count},
    {"endswith", AffixMethod<true>},
    {"find", Find<false>},
    {"format", Format},
    {"index", Index<false>},
    {"join", Join},
    {"ljust", Justify<false>},
    {"lower", Map<ToLower>},
    {"lstrip", StripMethod<true, false>},
    {"partition", Partition<false>},
    {"removeprefix", RemoveAffix<false>},
    {"removesuffix", RemoveAffix<true>},
    {"replace", Replace},
    {"rfind", Find<true>},
    {"rindex", Index<true>},
    {"rjust", Justify<true>},
    {"rpartition", Partition<true>},
    {"rsplit", SplitMethod<true>},
    {"rstrip", StripMethod<false, true>},
    {"split", SplitMethod<false>},
    {"splitlines", SplitLinesMethod},
    {"startswith", AffixMethod<false>},
    {"strip", StripMethod<true, true>},
    {"swapcase", Map<SwapCase>},
    {"title", Map<TitleCase>},
    {"upper", Map<ToUpper>},
    {"zfill", ZeroFill},
};

}  // namespace

std::span<const MethodEntry> StringMethods() { return kMethods; }

}  // namespace llamba::jinja

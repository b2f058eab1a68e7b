#include "template/params.h"
#include "template/tables.h"
#include "template/unicode.h"

namespace llamba::jinja {
namespace {

bool IsDigit(char32_t code) { return code >= '0' && code <= '9'; }
bool IsAlphaNumeric(char32_t code) { return code != '_' && IsWordChar(code); }

// Every code point, and there is one.
template <bool (*predicate)(char32_t)>
Value All(Interpreter&, const Value& self, const Args& args) {
  const Params params("the method", args, {});
  const std::string& text = self.AsString();
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    if (!predicate(DecodeAt(text, pos))) return false;
  }
  return !text.empty();
}

// Cased letters are all of the one case, and there is one.
template <bool (*wanted)(char32_t)>
Value AllCased(Interpreter&, const Value& self, const Args& args) {
  const Params params("the method", args, {});
  const std::string& text = self.AsString();
  bool any = false;
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    const char32_t code = DecodeAt(text, pos);
    if (!IsCased(code)) continue;
    if (!wanted(code)) return false;
    any = true;
  }
  return any;
}

Value IsTitle(Interpreter&, const Value& self, const Args& args) {
  const Params params("istitle", args, {});
  const std::string& text = self.AsString();
  bool any = false, after_letter = false;
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    const char32_t code = DecodeAt(text, pos);
    const bool cased = IsCased(code);
    if (cased && IsUpperCase(code) == after_letter) return false;
    any |= cased;
    after_letter = cased;
  }
  return any;
}

Value Ascii(Interpreter&, const Value& self, const Args& args) {
  const Params params("isascii", args, {});
  return IsAscii(self.AsString());
}

constexpr MethodEntry kPredicates[] = {
    {"isalnum", All<IsAlphaNumeric>},
    {"isalpha", All<IsAlpha>},
    {"isascii", Ascii},
    {"isdecimal", All<IsDigit>},
    {"isdigit", All<IsDigit>},
    {"islower", AllCased<IsLowerCase>},
    {"isnumeric", All<IsDigit>},
    {"isspace", All<IsSpace>},
    {"istitle", IsTitle},
    {"isupper", AllCased<IsUpperCase>},
};

}  // namespace

std::span<const MethodEntry> StringPredicates() { return kPredicates; }

}  // namespace llamba::jinja

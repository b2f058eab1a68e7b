#include <string_view>

#include "template/format_spec.h"
#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

// One run of text % value.
class PercentFormatter {
 public:
  PercentFormatter(const std::string& format, const Value& value)
      : format_(format), value_(value) {}

  std::string Run() {
    std::string out;
    while (pos_ < format_.size()) {
      const size_t percent = format_.find('%', pos_);
      out += format_.substr(pos_, percent - pos_);
      if (percent == std::string::npos) break;
      pos_ = percent + 1;
      Directive(&out);
      CheckStringSize(out.size());
    }
    if (HasUnused()) {
      Raise("not all arguments converted during string formatting");
    }
    return out;
  }

 private:
  // Whether arguments are left over. What can be subscripted counts as a
  // mapping, which need not be used.
  bool HasUnused() const {
    if (value_.IsTuple()) return used_ < value_.Items().size();
    return used_ == 0 && !mapped_ && !value_.IsDict() && !value_.IsList() &&
           !value_.IsUndefined();
  }

  void Directive(std::string* out) {
    Value item;
    const bool keyed = ReadKey(&item);
    FormatSpec spec;
    ReadFlags(&spec);
    spec.width = ReadSize();
    if (Peek() == '.') {
      ++pos_;
      spec.precision = ReadSize();
    }
    while (Peek() == 'h' || Peek() == 'l' || Peek() == 'L') ++pos_;
    if (pos_ >= format_.size()) Raise("incomplete format");
    const char type = format_[pos_++];
    if (type == '%') {
      *out += '%';
      return;
    }
    if (!keyed) item = NextItem();
    *out += Convert(item, type, spec);
  }

  char Peek() const { return pos_ < format_.size() ? format_[pos_] : '\0'; }

  bool ReadKey(Value* item) {
    if (Peek() != '(') return false;
    const size_t close = format_.find(')', pos_);
    if (close == std::string::npos) Raise("incomplete format key");
    const std::string key = format_.substr(pos_ + 1, close - pos_ - 1);
    pos_ = close + 1;
    if (!value_.IsDict()) Raise("format requires a mapping");
    const Value* found = FindKey(value_, key);
    if (found == nullptr) Raise("the format's key '{}' is missing", key);
    *item = *found;
    return mapped_ = true;
  }

  void ReadFlags(FormatSpec* spec) {
    bool left = false, zero = false;
    for (;; ++pos_) {
      const char c = Peek();
      if (c == '-') {
        left = true;
      } else if (c == '0') {
        zero = true;
      } else if (c == '+' || (c == ' ' && spec->sign == 0)) {
        spec->sign = c;
      } else if (c == '#') {
        spec->alternate = true;
      } else if (c != ' ') {
        break;
      }
    }
    if (zero && !left) spec->fill.assign(1, '0');
    spec->align = left ? '<' : (zero ? '=' : '>');
  }

  // Digits or '*', which takes the next argument.
  int ReadSize() {
    if (Peek() != '*') return std::max(ReadFormatNumber(format_, &pos_), 0);
    ++pos_;
    const Value item = NextItem();
    if (!item.IsIntegral()) Raise("* wants int");
    if (item.AsInt() < 0 || item.AsInt() > 1000) {
      Raise("a format's width or precision is outside 0 to 1000");
    }
    return static_cast<int>(item.AsInt());
  }

  Value NextItem() {
    if (value_.IsTuple()) {
      if (used_ >= value_.Items().size()) {
        Raise("not enough arguments for format string");
      }
      return value_.Items()[used_++];
    }
    if (used_++ != 0) Raise("not enough arguments for format string");
    return value_;
  }

  static std::string Convert(const Value& item, char type, FormatSpec spec) {
    if (type == 's' || type == 'r' || type == 'a') {
      if (spec.align == '=') {
        spec.align = '>';
        spec.fill.assign(1, ' ');
      }
      return FormatText(type == 's' ? Str(item) : Repr(item), spec);
    }
    item.RequireDefined();
    if (type == 'c') return FormatText(Character(item), spec);
    if (std::string_view("diuxXoeEfFgG").find(type) == std::string_view::npos) {
      Raise("unsupported format character '{}'", type);
    }
    if (!item.IsNumber()) {
      Raise("%{} format: a number is required, not {}", type, item.TypeName());
    }
    spec.type = type == 'i' || type == 'u' ? 'd' : type;
    if (spec.type == 'd') {
      return FormatNumber(
          item.IsFloat() ? Value(IntFromDouble(item.AsDouble())) : item, spec);
    }
    if ((type == 'x' || type == 'X' || type == 'o') && item.IsFloat()) {
      Raise("%{} format: an integer is required, not float", type);
    }
    return FormatNumber(item, spec);
  }

  static std::string Character(const Value& item) {
    if (item.IsString() && Length(item) == 1) return item.AsString();
    if (!item.IsIntegral() || item.AsInt() < 0 || item.AsInt() > 0x10FFFF) {
      Raise("%c requires int or char");
    }
    std::string out;
    AppendUtf8(static_cast<char32_t>(item.AsInt()), &out);
    return out;
  }

  const std::string& format_;
  const Value& value_;
  size_t pos_ = 0;
  size_t used_ = 0;
  bool mapped_ = false;
};

}  // namespace

std::string PercentFormat(const std::string& format, const Value& value) {
  return PercentFormatter(format, value).Run();
}

}  // namespace llamba::jinja

#include "template/lexer.h"

#include <algorithm>

#include "template/literals.h"
#include "template/unicode.h"

namespace llamba::jinja {
namespace {

// "\r\n" and "\r" become "\n"; one newline at the end is dropped.
std::string NormalizeNewlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

bool IsNameChar(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte >= 0x80 || IsWordChar(byte);
}

char Closing(char open) {
  return open == '(' ? ')' : (open == '[' ? ']' : '}');
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : text_(NormalizeNewlines(source)) {}

  std::vector<Token> Run() {
    while (pos_ < text_.size()) Root();
    Push(Token::Type::kEnd);
    return std::move(tokens_);
  }

 private:
  using Type = Token::Type;

  char At(size_t pos) const { return pos < text_.size() ? text_[pos] : '\0'; }
  bool Starts(size_t pos, std::string_view prefix) const {
    return std::string_view(text_).substr(pos, prefix.size()) == prefix;
  }
  [[noreturn]] void FailAt(const std::string& message) const {
    throw SyntaxError(line_, message);
  }

  Token& Push(Type type, std::string text = "") {
    Token token;
    token.type = type;
    token.line = line_;
    token.text = std::move(text);
    tokens_.push_back(std::move(token));
    return tokens_.back();
  }

  // Moves to `end`, counting lines.
  void Advance(size_t end) {
    line_ += static_cast<int>(
        std::count(text_.begin() + pos_, text_.begin() + end, '\n'));
    if (end > pos_) line_start_ = text_[end - 1] == '\n';
    pos_ = end;
  }

  size_t SkipSpace(size_t pos) const {
    while (pos < text_.size() && IsSpace(DecodeAt(text_, pos))) {
      pos += CodePointBytes(text_, pos);
    }
    return pos;
  }

  // The next "{{", "{%" or "{#" from pos_ on.
  size_t FindTag() const {
    for (size_t i = pos_; (i = text_.find('{', i)) != std::string::npos; ++i) {
      const char c = At(i + 1);
      if (c == '{' || c == '%' || c == '#') return i;
    }
    return std::string::npos;
  }

  // Text up to the next tag, then that tag.
  void Root() {
    const size_t tag = FindTag();
    if (tag == std::string::npos) {
      Push(Type::kData, text_.substr(pos_));
      Advance(text_.size());
      return;
    }
    const char kind = At(tag + 1);
    size_t body = tag + 2;
    const char sign = At(body) == '-' || At(body) == '+' ? At(body) : '\0';
    if (sign != '\0') ++body;
    PushData(tag, sign, kind != '{');
    Advance(body);
    if (kind == '#') {
      Comment();
    } else if (kind == '{') {
      Push(Type::kVariableBegin);
      Inside(Type::kVariableEnd);
    } else if (!Raw()) {
      Push(Type::kBlockBegin);
      Inside(Type::kBlockEnd);
    }
  }

  // The data before a tag at `end`, less what whitespace control strips.
  void PushData(size_t end, char sign, bool is_block) {
    std::string_view data = std::string_view(text_).substr(pos_, end - pos_);
    if (sign == '-') {
      data = StripRight(data);
    } else if (sign != '+' && is_block) {
      const size_t newline = data.rfind('\n');
      const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
      if ((start > 0 || line_start_) && Strip(data.substr(start)).empty()) {
        data = data.substr(0, start);
      }
    }
    if (!data.empty()) Push(Type::kData, std::string(data));
    Advance(end);
  }

  // The end of a closing tag `close` at `pos` ("-%}" takes the white space that
  // follows; a block's "%}" one newline), or npos.
  size_t CloseTag(size_t pos, std::string_view close, bool is_block) const {
    const size_t after = pos + 1 + close.size();
    if (At(pos) == '-' && Starts(pos + 1, close)) return SkipSpace(after);
    if (is_block && At(pos) == '+' && Starts(pos + 1, close)) return after;
    if (!Starts(pos, close)) return std::string::npos;
    return is_block && At(after - 1) == '\n' ? after : after - 1;
  }

  void Comment() {
    size_t end = text_.find("#}", pos_);
    if (end == std::string::npos) FailAt("the comment has no end '#}'");
    if (end > pos_ && (At(end - 1) == '-' || At(end - 1) == '+')) --end;
    Advance(CloseTag(end, "#}", true));
  }

  // The end of "WORD %}" at `pos`, or npos. A raw tag's own close takes no
  // newline; only '-' is known there.
  size_t CloseWord(size_t pos, std::string_view word, bool trims) const {
    pos = SkipSpace(pos);
    if (!Starts(pos, word)) return std::string::npos;
    pos = SkipSpace(pos + word.size());
    if (!trims && At(pos) == '+') return std::string::npos;
    return CloseTag(pos, "%}", trims);
  }

  bool Raw() {
    const size_t body = CloseWord(pos_, "raw", false);
    if (body == std::string::npos) return false;
    Advance(body);
    for (size_t i = pos_; (i = text_.find("{%", i)) != std::string::npos; ++i) {
      const char sign = At(i + 2) == '-' || At(i + 2) == '+' ? At(i + 2) : '\0';
      const size_t end = CloseWord(i + (sign == '\0' ? 2 : 3), "endraw", true);
      if (end == std::string::npos) continue;
      PushData(i, sign, true);
      Advance(end);
      return true;
    }
    FailAt("the raw block has no end");
  }

  // The tokens of a tag up to its end.
  void Inside(Type end_type) {
    const bool is_block = end_type == Type::kBlockEnd;
    std::string open;
    for (;;) {
      if (pos_ >= text_.size()) return;
      if (open.empty()) {
        const size_t end = CloseTag(pos_, is_block ? "%}" : "}}", is_block);
        if (end != std::string::npos) {
          Push(end_type);
          Advance(end);
          return;
        }
      }
      const size_t space = SkipSpace(pos_);
      if (space != pos_) {
        Advance(space);
      } else {
        Next(&open);
      }
    }
  }

  void Next(std::string* open) {
    const std::string_view rest = std::string_view(text_).substr(pos_);
    const bool after_dot = pos_ > 0 && text_[pos_ - 1] == '.';
    size_t size = after_dot ? 0 : ScanFloat(rest);
    if (size != 0) {
      ParseFloat(rest.substr(0, size), &Push(Type::kFloat));
    } else if ((size = ScanInteger(rest)) != 0) {
      ParseInteger(rest.substr(0, size), &Push(Type::kInteger));
    } else if (IsNameChar(rest[0])) {
      while (size < rest.size() && IsNameChar(rest[size])) ++size;
      Push(Type::kName, std::string(rest.substr(0, size)));
    } else if (rest[0] == '\'' || rest[0] == '"') {
      size = String(rest);
    } else {
      size = Operator(rest, open);
    }
    Advance(pos_ + size);
  }

  size_t String(std::string_view rest) {
    size_t end = 1;
    while (end < rest.size() && rest[end] != rest[0]) {
      end += rest[end] == '\\' ? 2 : 1;
    }
    if (end >= rest.size()) FailAt("the string has no end");
    Push(Type::kString, Unescape(rest.substr(1, end - 1), line_));
    return end + 1;
  }

  size_t Operator(std::string_view rest, std::string* open) {
    for (std::string_view two : {"//", "**", "==", "!=", ">=", "<="}) {
      if (rest.substr(0, 2) != two) continue;
      Push(Type::kOperator, std::string(two));
      return 2;
    }
    const char c = rest[0];
    if (std::string_view("+-/*%~[](){}><=.:|,;").find(c) ==
        std::string_view::npos) {
      FailAt(fmt::format("unexpected character '{}'",
                         rest.substr(0, CodePointBytes(rest, 0))));
    }
    Balance(c, open);
    Push(Type::kOperator, std::string(1, c));
    return 1;
  }

  void Balance(char c, std::string* open) const {
    if (c == '(' || c == '[' || c == '{') {
      open->push_back(Closing(c));
    } else if (c == ')' || c == ']' || c == '}') {
      if (open->empty()) FailAt(fmt::format("unexpected '{}'", c));
      if (open->back() != c) {
        FailAt(fmt::format("unexpected '{}', expected '{}'", c, open->back()));
      }
      open->pop_back();
    }
  }

  std::string text_;
  size_t pos_ = 0;
  int line_ = 1;
  bool line_start_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Tokenize(std::string_view source) {
  return Lexer(source).Run();
}

}  // namespace llamba::jinja

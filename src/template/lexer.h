#ifndef LLAMBA_TEMPLATE_LEXER_H_
#define LLAMBA_TEMPLATE_LEXER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "template/budget.h"

namespace llamba::jinja {

struct Token {
  enum class Type {
    kData,
    kBlockBegin,
    kBlockEnd,
    kVariableBegin,
    kVariableEnd,
    kName,
    kString,
    kInteger,
    kFloat,
    kOperator,
    kEnd,
  };
  Type type = Type::kEnd;
  int line = 1;
  // Data, name, operator, or the string with its escapes resolved.
  std::string text;
  int64_t integer = 0;
  double number = 0;
};

// A mistake in the template's text, at a line.
class SyntaxError : public TemplateError {
 public:
  SyntaxError(int line, const std::string& message)
      : TemplateError(message), line_(line) {}
  int line() const { return line_; }

 private:
  int line_;
};

// The tokens of a template, ended by kEnd, as jinja2's lexer yields them with
// trim_blocks and lstrip_blocks on: comments dropped, raw blocks as data,
// whitespace control applied. Throws SyntaxError.
std::vector<Token> Tokenize(std::string_view source);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_LEXER_H_

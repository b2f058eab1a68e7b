#include "template/parser.h"

#include <algorithm>

#include "template/nesting.h"

namespace llamba::jinja {
namespace {

// Left-associative chains and suffixes make tall expressions as nesting does.
constexpr int kMaxHeight = 300;

std::string Describe(const Token& token) {
  switch (token.type) {
    case Token::Type::kEnd:
      return "the end of the template";
    case Token::Type::kBlockEnd:
      return "'%}'";
    case Token::Type::kVariableEnd:
      return "'}}'";
    case Token::Type::kString:
      return "a string";
    case Token::Type::kInteger:
    case Token::Type::kFloat:
      return "a number";
    default:
      return "'" + token.text + "'";
  }
}

}  // namespace

Parser::Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {
  for (const char* name : {"loop", "caller", "varargs", "kwargs"}) Intern(name);
}

Program Parser::Parse() {
  Program program;
  program.body = Body({}, "");
  if (!unknown_.empty()) {
    throw SyntaxError(unknown_[0].line, unknown_[0].message);
  }
  program.names = std::move(names_);
  return program;
}

const Token& Parser::Peek(size_t ahead) const {
  return tokens_[std::min(pos_ + ahead, tokens_.size() - 1)];
}

const Token& Parser::Next() {
  const Token& token = Peek();
  if (pos_ + 1 < tokens_.size()) ++pos_;
  return token;
}

bool Parser::IsOperator(std::string_view text, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.type == Token::Type::kOperator && token.text == text;
}

bool Parser::IsName(std::string_view text, size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.type == Token::Type::kName && token.text == text;
}

bool Parser::SkipOperator(std::string_view text) {
  if (!IsOperator(text)) return false;
  Next();
  return true;
}

bool Parser::SkipName(std::string_view text) {
  if (!IsName(text)) return false;
  Next();
  return true;
}

void Parser::ExpectOperator(std::string_view text) {
  if (!SkipOperator(text)) FailHere(fmt::format("expected '{}'", text));
}

void Parser::ExpectName(std::string_view text) {
  if (!SkipName(text)) FailHere(fmt::format("expected '{}'", text));
}

std::string Parser::TakeName(const char* what) {
  if (Peek().type != Token::Type::kName) {
    FailHere(fmt::format("expected {}", what));
  }
  return Next().text;
}

void Parser::Expect(Token::Type type, const char* what) {
  if (Peek().type != type) FailHere(fmt::format("expected '{}'", what));
  Next();
}

void Parser::FailHere(const std::string& message) const {
  throw SyntaxError(Peek().line, message + ", found " + Describe(Peek()));
}

Symbol Parser::Intern(const std::string& name) {
  const auto [it, added] =
      symbols_.emplace(name, static_cast<Symbol>(names_.size()));
  if (added) names_.push_back(name);
  return it->second;
}

void Parser::SetHeight(Expr* expr, int line,
                       std::initializer_list<const Expr*> children) const {
  expr->line = line;
  for (const Expr* child : children) {
    if (child != nullptr)
      expr->height = std::max(expr->height, child->height + 1);
  }
  if (expr->height > kMaxHeight) {
    throw SyntaxError(
        line, fmt::format("an expression is deeper than the limit of {} levels",
                          kMaxHeight));
  }
}

int Parser::Height(const ArgumentList& list) const {
  int height = 0;
  const auto add = [&](const ExprPtr& expr) {
    if (expr != nullptr) height = std::max(height, expr->height);
  };
  for (const ExprPtr& expr : list.positional) add(expr);
  for (const auto& [name, expr] : list.named) add(expr);
  add(list.more_positional);
  add(list.more_named);
  return height;
}

}  // namespace llamba::jinja

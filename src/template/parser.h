#ifndef LLAMBA_TEMPLATE_PARSER_H_
#define LLAMBA_TEMPLATE_PARSER_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "template/ast.h"
#include "template/lexer.h"

namespace llamba::jinja {

// Tokens to a Program, by recursive descent along jinja2's grammar. Nesting is
// bounded, so that neither parsing nor evaluation can exhaust the stack. Used
// once. Throws SyntaxError with the line and the construct.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens);
  Program Parse();

 private:
  struct Unknown {
    int line;
    std::string message;
  };

  // Tokens (parser.cc).
  const Token& Peek(size_t ahead = 0) const;
  const Token& Next();
  bool IsOperator(std::string_view text, size_t ahead = 0) const;
  bool IsName(std::string_view text, size_t ahead = 0) const;
  bool SkipOperator(std::string_view text);
  bool SkipName(std::string_view text);
  void ExpectOperator(std::string_view text);
  void ExpectName(std::string_view text);
  std::string TakeName(const char* what);
  void Expect(Token::Type type, const char* what);
  [[noreturn]] void FailHere(const std::string& message) const;
  Symbol Intern(const std::string& name);

  // Expressions (parse_expression.cc), loosest binding first.
  ExprPtr Expression(bool with_condition = true);
  ExprPtr Conditional();
  ExprPtr Or();
  ExprPtr And();
  ExprPtr Not();
  ExprPtr Comparison();
  bool TakeComparison(CompareExpr::Function* function);
  ExprPtr Sum();
  ExprPtr Concat();
  ExprPtr Product();
  ExprPtr Power();
  ExprPtr Unary(bool with_filter = true);
  // A left-associative level: operands of `next`, operators of `table`.
  struct Operator {
    const char* text;
    BinaryExpr::Function function;
  };
  ExprPtr Binary(ExprPtr (Parser::*next)(),
                 std::initializer_list<Operator> table);
  ExprPtr UnaryOperand();

  // Atoms and what follows them (parse_primary.cc).
  ExprPtr Primary();
  ExprPtr NameOrConstant();
  ExprPtr StringLiteral();
  ExprPtr Constant(Value value, int line);
  ExprPtr ListLiteral();
  ExprPtr DictLiteral();
  // a, b, c: a tuple where a comma stands. `end` is a name that ends it.
  ExprPtr Tuple(bool with_condition, bool parenthesised,
                std::string_view end = "");
  bool AtTupleEnd(std::string_view end) const;
  ExprPtr Postfix(ExprPtr object);
  ExprPtr FilterSuffix(ExprPtr operand);
  ExprPtr Dot(ExprPtr object);
  ExprPtr Subscript(ExprPtr object);
  ExprPtr Bound();
  std::unique_ptr<CallExpr> Call(ExprPtr callee);
  ArgumentList Arguments();
  void Argument(ArgumentList* list);
  ExprPtr Filter(ExprPtr operand);
  // The filters of a filter or set block, after their first '|'.
  ExprPtr FilterChain();
  ExprPtr Test(ExprPtr operand);
  bool AtTestArgument() const;
  std::string DottedName(const char* what);

  // Statements (parse_statement.cc).
  Block Body(std::initializer_list<std::string_view> end_tags,
             std::string_view opened);
  bool AtTag(std::initializer_list<std::string_view> tags) const;
  std::unique_ptr<Stmt> Statement();
  std::unique_ptr<Stmt> For();
  std::unique_ptr<Stmt> If();
  std::unique_ptr<Stmt> Set();
  std::unique_ptr<Stmt> With();
  std::unique_ptr<Stmt> FilterBlock();
  std::unique_ptr<Stmt> Macro();
  std::unique_ptr<Stmt> CallBlock();
  std::unique_ptr<Stmt> Generation();
  std::unique_ptr<Stmt> Break();
  std::unique_ptr<Stmt> Continue();
  std::unique_ptr<Stmt> LoopControl(Flow flow, const char* name);
  void Print(Block* block);
  Target AssignTarget(bool with_namespace, std::string_view end = "");
  Target OneTarget(bool with_namespace);
  void Signature(MacroDefinition* macro);
  // The body of a macro or call block, up to its end tag.
  void MacroBody(MacroDefinition* macro, std::string_view tag);

  // Gives `expr` its line and, from its children, its height.
  template <typename T>
  std::unique_ptr<T> Finish(std::unique_ptr<T> expr, int line,
                            std::initializer_list<const Expr*> children) {
    SetHeight(expr.get(), line, children);
    return expr;
  }
  void SetHeight(Expr* expr, int line,
                 std::initializer_list<const Expr*> children) const;
  int Height(const ArgumentList& list) const;

  class Nesting;
  std::vector<Token> tokens_;
  size_t pos_ = 0;
  int nesting_ = 0;
  int loops_ = 0;
  std::vector<MacroDefinition*> macros_;
  // Filters and tests that do not exist, outside conditions: jinja2 refuses
  // those before rendering, the others only if they are reached.
  std::vector<Unknown> unknown_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, Symbol> symbols_;
};

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_PARSER_H_

#include "template/nesting.h"
#include "template/parser.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

bool Less(const Value& a, const Value& b) { return Compare(a, b, "<") < 0; }
bool LessEqual(const Value& a, const Value& b) {
  return Compare(a, b, "<=") <= 0;
}
bool Greater(const Value& a, const Value& b) { return Compare(a, b, ">") > 0; }
bool GreaterEqual(const Value& a, const Value& b) {
  return Compare(a, b, ">=") >= 0;
}
bool NotEqual(const Value& a, const Value& b) { return !Equal(a, b); }
bool In(const Value& a, const Value& b) { return Contains(b, a); }
bool NotIn(const Value& a, const Value& b) { return !Contains(b, a); }

}  // namespace

ExprPtr Parser::Expression(bool with_condition) {
  return with_condition ? Conditional() : Or();
}

ExprPtr Parser::Conditional() {
  const Nesting nesting(this);
  const size_t unknown = unknown_.size();
  ExprPtr then = Or();
  while (IsName("if")) {
    auto expr = std::make_unique<ConditionalExpr>();
    const int line = Next().line;
    expr->then = std::move(then);
    expr->test = Or();
    if (SkipName("else")) expr->otherwise = Conditional();
    unknown_.resize(unknown);
    const ConditionalExpr& e = *expr;
    then = Finish(std::move(expr), line,
                  {e.then.get(), e.test.get(), e.otherwise.get()});
  }
  return then;
}

ExprPtr Parser::Or() {
  ExprPtr left = And();
  while (IsName("or")) {
    auto expr = std::make_unique<LogicalExpr>();
    const int line = Next().line;
    expr->left = std::move(left);
    expr->right = And();
    const LogicalExpr& e = *expr;
    left = Finish(std::move(expr), line, {e.left.get(), e.right.get()});
  }
  return left;
}

ExprPtr Parser::And() {
  ExprPtr left = Not();
  while (IsName("and")) {
    auto expr = std::make_unique<LogicalExpr>();
    const int line = Next().line;
    expr->is_and = true;
    expr->left = std::move(left);
    expr->right = Not();
    const LogicalExpr& e = *expr;
    left = Finish(std::move(expr), line, {e.left.get(), e.right.get()});
  }
  return left;
}

ExprPtr Parser::Not() {
  if (!IsName("not")) return Comparison();
  const Nesting nesting(this);
  auto expr = std::make_unique<NotExpr>();
  const int line = Next().line;
  expr->operand = Not();
  const Expr* operand = expr->operand.get();
  return Finish(std::move(expr), line, {operand});
}

bool Parser::TakeComparison(CompareExpr::Function* function) {
  static constexpr std::pair<const char*, CompareExpr::Function> kTable[] = {
      {"==", Equal},     {"!=", NotEqual}, {"<", Less},
      {"<=", LessEqual}, {">", Greater},   {">=", GreaterEqual}};
  for (const auto& [text, compare] : kTable) {
    if (!SkipOperator(text)) continue;
    *function = compare;
    return true;
  }
  if (SkipName("in")) {
    *function = In;
    return true;
  }
  if (!IsName("not") || !IsName("in", 1)) return false;
  Next();
  Next();
  *function = NotIn;
  return true;
}

ExprPtr Parser::Comparison() {
  ExprPtr first = Sum();
  CompareExpr::Function function = nullptr;
  std::unique_ptr<CompareExpr> expr;
  for (int line = Peek().line; TakeComparison(&function);) {
    if (expr == nullptr) {
      expr = std::make_unique<CompareExpr>();
      expr->first = std::move(first);
    }
    expr->rest.emplace_back(function, Sum());
    SetHeight(expr.get(), line,
              {expr->first.get(), expr->rest.back().second.get()});
  }
  if (expr == nullptr) return first;
  return expr;
}

ExprPtr Parser::Binary(ExprPtr (Parser::*next)(),
                       std::initializer_list<Operator> table) {
  ExprPtr left = (this->*next)();
  for (;;) {
    const Operator* found = nullptr;
    for (const Operator& op : table) {
      if (IsOperator(op.text)) found = &op;
    }
    if (found == nullptr) return left;
    auto expr = std::make_unique<BinaryExpr>();
    const int line = Next().line;
    expr->function = found->function;
    expr->left = std::move(left);
    expr->right = (this->*next)();
    const BinaryExpr& e = *expr;
    left = Finish(std::move(expr), line, {e.left.get(), e.right.get()});
  }
}

ExprPtr Parser::Sum() {
  return Binary(&Parser::Concat, {{"+", Add}, {"-", Subtract}});
}

ExprPtr Parser::Concat() {
  ExprPtr first = Product();
  if (!IsOperator("~")) return first;
  auto expr = std::make_unique<ConcatExpr>();
  const int line = Peek().line;
  SetHeight(expr.get(), line, {first.get()});
  expr->items.push_back(std::move(first));
  while (SkipOperator("~")) {
    expr->items.push_back(Product());
    SetHeight(expr.get(), line, {expr->items.back().get()});
  }
  return expr;
}

ExprPtr Parser::Product() {
  return Binary(
      &Parser::Power,
      {{"*", Multiply}, {"/", Divide}, {"//", FloorDivide}, {"%", Modulo}});
}

ExprPtr Parser::UnaryOperand() { return Unary(); }

ExprPtr Parser::Power() {
  return Binary(&Parser::UnaryOperand, {{"**", jinja::Power}});
}

ExprPtr Parser::Unary(bool with_filter) {
  const Nesting nesting(this);
  ExprPtr expr;
  if (IsOperator("-") || IsOperator("+")) {
    auto unary = std::make_unique<UnaryExpr>();
    unary->function = IsOperator("-") ? Negate : Plus;
    const int line = Next().line;
    unary->operand = Unary(false);
    const Expr* operand = unary->operand.get();
    expr = Finish(std::move(unary), line, {operand});
  } else {
    expr = Primary();
  }
  expr = Postfix(std::move(expr));
  return with_filter ? FilterSuffix(std::move(expr)) : std::move(expr);
}

}  // namespace llamba::jinja

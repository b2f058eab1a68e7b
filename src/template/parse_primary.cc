#include "template/parser.h"
#include "template/tables.h"

namespace llamba::jinja {

ExprPtr Parser::Primary() {
  const Token& token = Peek();
  switch (token.type) {
    case Token::Type::kName:
      return NameOrConstant();
    case Token::Type::kString:
      return StringLiteral();
    case Token::Type::kInteger:
      return Constant(Next().integer, token.line);
    case Token::Type::kFloat:
      return Constant(Next().number, token.line);
    default:
      break;
  }
  if (IsOperator("[")) return ListLiteral();
  if (IsOperator("{")) return DictLiteral();
  if (!SkipOperator("(")) FailHere("expected an expression");
  ExprPtr expr = Tuple(true, true);
  ExpectOperator(")");
  return expr;
}

ExprPtr Parser::Constant(Value value, int line) {
  auto expr = std::make_unique<ConstantExpr>();
  expr->value = std::move(value);
  return Finish(std::move(expr), line, {});
}

ExprPtr Parser::NameOrConstant() {
  const Token& token = Next();
  const std::string& name = token.text;
  if (name == "true" || name == "True") return Constant(true, token.line);
  if (name == "false" || name == "False") return Constant(false, token.line);
  if (name == "none" || name == "None") return Constant(Value(), token.line);
  auto expr = std::make_unique<NameExpr>();
  expr->symbol = Intern(name);
  for (MacroDefinition* macro : macros_) {
    macro->uses_caller |= expr->symbol == kCaller;
    macro->uses_varargs |= expr->symbol == kVarargs;
    macro->uses_kwargs |= expr->symbol == kKwargs;
  }
  return Finish(std::move(expr), token.line, {});
}

ExprPtr Parser::StringLiteral() {
  const int line = Peek().line;
  std::string text;
  while (Peek().type == Token::Type::kString) text += Next().text;
  return Constant(std::move(text), line);
}

ExprPtr Parser::ListLiteral() {
  auto list = std::make_unique<ListExpr>();
  const int line = Next().line;
  SetHeight(list.get(), line, {});
  while (!IsOperator("]")) {
    if (!list->items.empty()) ExpectOperator(",");
    if (IsOperator("]")) break;
    list->items.push_back(Expression());
    SetHeight(list.get(), line, {list->items.back().get()});
  }
  ExpectOperator("]");
  return list;
}

ExprPtr Parser::DictLiteral() {
  auto dict = std::make_unique<DictExpr>();
  const int line = Next().line;
  SetHeight(dict.get(), line, {});
  while (!IsOperator("}")) {
    if (!dict->items.empty()) ExpectOperator(",");
    if (IsOperator("}")) break;
    ExprPtr key = Expression();
    ExpectOperator(":");
    ExprPtr item = Expression();
    SetHeight(dict.get(), line, {key.get(), item.get()});
    dict->items.emplace_back(std::move(key), std::move(item));
  }
  ExpectOperator("}");
  return dict;
}

bool Parser::AtTupleEnd(std::string_view end) const {
  const Token::Type type = Peek().type;
  return type == Token::Type::kVariableEnd || type == Token::Type::kBlockEnd ||
         IsOperator(")") || (!end.empty() && IsName(end));
}

ExprPtr Parser::Tuple(bool with_condition, bool parenthesised,
                      std::string_view end) {
  auto tuple = std::make_unique<ListExpr>();
  tuple->tuple = true;
  const int line = Peek().line;
  SetHeight(tuple.get(), line, {});
  bool has_comma = false;
  while (!AtTupleEnd(end)) {
    tuple->items.push_back(Expression(with_condition));
    SetHeight(tuple.get(), line, {tuple->items.back().get()});
    if (!SkipOperator(",")) break;
    has_comma = true;
  }
  if (has_comma || (tuple->items.empty() && parenthesised)) return tuple;
  if (tuple->items.empty()) FailHere("expected an expression");
  return std::move(tuple->items[0]);
}

ExprPtr Parser::Postfix(ExprPtr object) {
  for (;;) {
    if (IsOperator(".")) {
      object = Dot(std::move(object));
    } else if (IsOperator("[")) {
      object = Subscript(std::move(object));
    } else if (IsOperator("(")) {
      object = Call(std::move(object));
    } else {
      return object;
    }
  }
}

ExprPtr Parser::FilterSuffix(ExprPtr operand) {
  for (;;) {
    if (SkipOperator("|")) {
      operand = Filter(std::move(operand));
    } else if (SkipName("is")) {
      operand = Test(std::move(operand));
    } else if (IsOperator("(")) {
      operand = Call(std::move(operand));
    } else {
      return operand;
    }
  }
}

ExprPtr Parser::Dot(ExprPtr object) {
  const int line = Next().line;
  const Expr* child = object.get();
  if (Peek().type == Token::Type::kInteger) {
    auto item = std::make_unique<ItemExpr>();
    item->object = std::move(object);
    item->key = Constant(Next().integer, line);
    return Finish(std::move(item), line, {child});
  }
  auto attribute = std::make_unique<AttributeExpr>();
  attribute->object = std::move(object);
  attribute->name = TakeName("a name or number after '.'");
  return Finish(std::move(attribute), line, {child});
}

// One bound of a slice, or null where none stands.
ExprPtr Parser::Bound() {
  if (IsOperator(":") || IsOperator("]") || IsOperator(",")) return nullptr;
  return Expression();
}

ExprPtr Parser::Subscript(ExprPtr object) {
  const int line = Next().line;
  if (IsOperator("]")) FailHere("expected a subscript");
  ExprPtr first = Bound();
  if (!IsOperator(":")) {
    if (IsOperator(","))
      FailHere("subscripts of several parts are not supported");
    ExpectOperator("]");
    auto item = std::make_unique<ItemExpr>();
    item->object = std::move(object);
    item->key = std::move(first);
    const ItemExpr& e = *item;
    return Finish(std::move(item), line, {e.object.get(), e.key.get()});
  }
  Next();
  auto slice = std::make_unique<SliceExpr>();
  slice->object = std::move(object);
  slice->start = std::move(first);
  slice->stop = Bound();
  if (SkipOperator(":")) slice->step = Bound();
  ExpectOperator("]");
  const SliceExpr& e = *slice;
  return Finish(std::move(slice), line,
                {e.object.get(), e.start.get(), e.stop.get(), e.step.get()});
}

std::unique_ptr<CallExpr> Parser::Call(ExprPtr callee) {
  auto call = std::make_unique<CallExpr>();
  const int line = Peek().line;
  call->callee = std::move(callee);
  call->arguments = Arguments();
  call->height = Height(call->arguments) + 1;
  const Expr* child = call->callee.get();
  return Finish(std::move(call), line, {child});
}

ArgumentList Parser::Arguments() {
  ArgumentList list;
  ExpectOperator("(");
  bool first = true;
  while (!IsOperator(")")) {
    if (!first) ExpectOperator(",");
    first = false;
    if (IsOperator(")")) break;
    Argument(&list);
  }
  ExpectOperator(")");
  return list;
}

void Parser::Argument(ArgumentList* list) {
  const bool unpacked =
      list->more_positional != nullptr || list->more_named != nullptr;
  if (IsOperator("*") && !unpacked) {
    Next();
    list->more_positional = Expression();
  } else if (IsOperator("**") && list->more_named == nullptr) {
    Next();
    list->more_named = Expression();
  } else if (Peek().type == Token::Type::kName && IsOperator("=", 1) &&
             list->more_named == nullptr) {
    std::string name = Next().text;
    Next();
    list->named.emplace_back(std::move(name), Expression());
  } else if (!unpacked && list->named.empty()) {
    list->positional.push_back(Expression());
  } else {
    FailHere("a positional argument cannot follow a keyword or '*' argument");
  }
}

std::string Parser::DottedName(const char* what) {
  std::string name = TakeName(what);
  while (SkipOperator(".")) name.append(1, '.').append(TakeName(what));
  return name;
}

ExprPtr Parser::Filter(ExprPtr operand) {
  auto filter = std::make_unique<FilterExpr>();
  const int line = Peek().line;
  filter->operand = std::move(operand);
  filter->name = DottedName("a filter's name");
  filter->function = FindFilter(filter->name);
  if (filter->function == nullptr) {
    unknown_.push_back({line, "unknown filter '" + filter->name + "'"});
  }
  if (IsOperator("(")) filter->arguments = Arguments();
  filter->height = Height(filter->arguments) + 1;
  const Expr* child = filter->operand.get();
  return Finish(std::move(filter), line, {child});
}

ExprPtr Parser::FilterChain() {
  ExprPtr filter = Filter(nullptr);
  while (SkipOperator("|")) filter = Filter(std::move(filter));
  return filter;
}

bool Parser::AtTestArgument() const {
  switch (Peek().type) {
    case Token::Type::kName:
      return !IsName("else") && !IsName("or") && !IsName("and");
    case Token::Type::kString:
    case Token::Type::kInteger:
    case Token::Type::kFloat:
      return true;
    default:
      return IsOperator("[") || IsOperator("{");
  }
}

ExprPtr Parser::Test(ExprPtr operand) {
  const bool negated = SkipName("not");
  auto test = std::make_unique<TestExpr>();
  const int line = Peek().line;
  test->operand = std::move(operand);
  test->name = DottedName("a test's name");
  test->function = FindTest(test->name);
  if (test->function == nullptr) {
    unknown_.push_back({line, "unknown test '" + test->name + "'"});
  }
  if (IsOperator("(")) {
    test->arguments = Arguments();
  } else if (AtTestArgument()) {
    if (IsName("is")) FailHere("tests cannot be chained with 'is'");
    test->arguments.positional.push_back(Postfix(Primary()));
  }
  test->height = Height(test->arguments) + 1;
  const Expr* child = test->operand.get();
  ExprPtr expr = Finish(std::move(test), line, {child});
  if (!negated) return expr;
  auto inverse = std::make_unique<NotExpr>();
  inverse->operand = std::move(expr);
  const Expr* inner = inverse->operand.get();
  return Finish(std::move(inverse), line, {inner});
}

}  // namespace llamba::jinja

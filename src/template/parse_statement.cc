#include <algorithm>
#include <utility>

#include "template/nesting.h"
#include "template/parser.h"

namespace llamba::jinja {
namespace {

// Tags of jinja2 that need other templates or a host, and have no meaning here.
constexpr std::string_view kUnsupportedTags[] = {
    "autoescape", "block",  "debug",   "do",   "extends",
    "from",       "import", "include", "trans"};

template <typename T>
std::unique_ptr<T> At(int line) {
  auto stmt = std::make_unique<T>();
  stmt->line = line;
  return stmt;
}

}  // namespace

bool Parser::AtTag(std::initializer_list<std::string_view> tags) const {
  return std::any_of(tags.begin(), tags.end(),
                     [this](std::string_view tag) { return IsName(tag); });
}

// Statements and text up to one of the end tags, whose name is then the next
// token; `opened` is the tag that waits for it.
Block Parser::Body(std::initializer_list<std::string_view> end_tags,
                   std::string_view opened) {
  const Nesting nesting(this);
  Block block;
  for (;;) {
    const Token& token = Next();
    if (token.type == Token::Type::kData) {
      auto text = At<TextStmt>(token.line);
      text->text = token.text;
      block.push_back(std::move(text));
    } else if (token.type == Token::Type::kVariableBegin) {
      auto print = At<PrintStmt>(token.line);
      print->value = Tuple(true, false);
      Expect(Token::Type::kVariableEnd, "}}");
      block.push_back(std::move(print));
    } else if (token.type == Token::Type::kBlockBegin) {
      if (AtTag(end_tags)) return block;
      if (IsName("print")) {
        Print(&block);
      } else {
        block.push_back(Statement());
      }
      Expect(Token::Type::kBlockEnd, "%}");
    } else if (end_tags.size() == 0) {
      return block;
    } else {
      FailHere(fmt::format("'{}' is not closed: expected '{}'", opened,
                           *(end_tags.end() - 1)));
    }
  }
}

std::unique_ptr<Stmt> Parser::Statement() {
  using Method = std::unique_ptr<Stmt> (Parser::*)();
  static constexpr std::pair<std::string_view, Method> kTable[] = {
      {"for", &Parser::For},
      {"if", &Parser::If},
      {"set", &Parser::Set},
      {"with", &Parser::With},
      {"filter", &Parser::FilterBlock},
      {"macro", &Parser::Macro},
      {"call", &Parser::CallBlock},
      {"generation", &Parser::Generation},
      {"break", &Parser::Break},
      {"continue", &Parser::Continue},
  };
  const std::string name = TakeName("a statement");
  for (const auto& [tag, method] : kTable) {
    if (tag == name) return (this->*method)();
  }
  for (std::string_view tag : kUnsupportedTags) {
    if (tag == name) {
      throw SyntaxError(Peek().line,
                        "the statement '" + name + "' is not supported");
    }
  }
  throw SyntaxError(Peek().line, "unknown statement '" + name + "'");
}

void Parser::Print(Block* block) {
  const int line = Next().line;
  bool first = true;
  while (Peek().type != Token::Type::kBlockEnd) {
    if (!first) ExpectOperator(",");
    first = false;
    auto print = At<PrintStmt>(line);
    print->value = Expression();
    block->push_back(std::move(print));
  }
}

std::unique_ptr<Stmt> Parser::For() {
  auto stmt = At<ForStmt>(Peek().line);
  stmt->target = AssignTarget(false, "in");
  if (stmt->target.kind == Target::Kind::kName &&
      stmt->target.symbol == kLoop) {
    FailHere("the loop's variable cannot be called 'loop'");
  }
  ExpectName("in");
  stmt->iterable = Tuple(false, false, "recursive");
  if (SkipName("if")) stmt->filter = Expression();
  stmt->recursive = SkipName("recursive");
  SkipOperator(":");
  Expect(Token::Type::kBlockEnd, "%}");
  ++loops_;
  stmt->body = Body({"else", "endfor"}, "for");
  --loops_;
  if (SkipName("else")) {
    Expect(Token::Type::kBlockEnd, "%}");
    stmt->otherwise = Body({"endfor"}, "for");
  }
  Next();
  return stmt;
}

std::unique_ptr<Stmt> Parser::If() {
  auto stmt = At<IfStmt>(Peek().line);
  const size_t unknown = unknown_.size();
  bool is_else = false;
  while (!IsName("endif")) {
    ExprPtr test = is_else ? nullptr : Tuple(false, false);
    SkipOperator(":");
    Expect(Token::Type::kBlockEnd, "%}");
    Block body =
        is_else ? Body({"endif"}, "if") : Body({"elif", "else", "endif"}, "if");
    stmt->branches.emplace_back(std::move(test), std::move(body));
    is_else = IsName("else");
    if (!IsName("endif")) Next();
  }
  Next();
  unknown_.resize(unknown);
  return stmt;
}

std::unique_ptr<Stmt> Parser::Set() {
  const int line = Peek().line;
  Target target = AssignTarget(true);
  if (SkipOperator("=")) {
    auto stmt = At<SetStmt>(line);
    stmt->target = std::move(target);
    stmt->value = Tuple(true, false);
    return stmt;
  }
  auto stmt = At<SetBlockStmt>(line);
  stmt->target = std::move(target);
  if (SkipOperator("|")) stmt->filter = FilterChain();
  Expect(Token::Type::kBlockEnd, "%}");
  stmt->body = Body({"endset"}, "set");
  Next();
  return stmt;
}

std::unique_ptr<Stmt> Parser::With() {
  auto stmt = At<WithStmt>(Peek().line);
  while (Peek().type != Token::Type::kBlockEnd) {
    if (!stmt->bindings.empty()) ExpectOperator(",");
    Target target = AssignTarget(false);
    ExpectOperator("=");
    stmt->bindings.emplace_back(std::move(target), Expression());
  }
  Next();
  stmt->body = Body({"endwith"}, "with");
  Next();
  return stmt;
}

std::unique_ptr<Stmt> Parser::FilterBlock() {
  auto stmt = At<FilterBlockStmt>(Peek().line);
  stmt->filter = FilterChain();
  Expect(Token::Type::kBlockEnd, "%}");
  stmt->body = Body({"endfilter"}, "filter");
  Next();
  return stmt;
}

void Parser::Signature(MacroDefinition* macro) {
  ExpectOperator("(");
  while (!IsOperator(")")) {
    if (!macro->parameters.empty()) ExpectOperator(",");
    macro->parameter_names.push_back(TakeName("a parameter"));
    macro->parameters.push_back(Intern(macro->parameter_names.back()));
    if (SkipOperator("=")) {
      macro->defaults.push_back(Expression());
    } else if (!macro->defaults.empty()) {
      FailHere("a parameter without a default follows one with a default");
    }
  }
  Next();
}

void Parser::MacroBody(MacroDefinition* macro, std::string_view tag) {
  // A macro is a function: a loop around it is not its own.
  const int loops = std::exchange(loops_, 0);
  macros_.push_back(macro);
  SkipOperator(":");
  Expect(Token::Type::kBlockEnd, "%}");
  macro->body = Body({tag}, tag.substr(3));
  macros_.pop_back();
  loops_ = loops;
  Next();
}

std::unique_ptr<Stmt> Parser::Macro() {
  auto stmt = At<MacroStmt>(Peek().line);
  stmt->macro.line = stmt->line;
  stmt->macro.name = TakeName("the macro's name");
  stmt->symbol = Intern(stmt->macro.name);
  Signature(&stmt->macro);
  MacroBody(&stmt->macro, "endmacro");
  return stmt;
}

std::unique_ptr<Stmt> Parser::CallBlock() {
  auto stmt = At<CallBlockStmt>(Peek().line);
  stmt->caller.line = stmt->line;
  stmt->caller.name = "caller";
  if (IsOperator("(")) Signature(&stmt->caller);
  ExprPtr call = Expression();
  if (dynamic_cast<CallExpr*>(call.get()) == nullptr) {
    FailHere("expected a call");
  }
  stmt->call.reset(static_cast<CallExpr*>(call.release()));
  MacroBody(&stmt->caller, "endcall");
  return stmt;
}

std::unique_ptr<Stmt> Parser::Generation() {
  auto stmt = At<ScopeStmt>(Peek().line);
  const int loops = std::exchange(loops_, 0);
  Expect(Token::Type::kBlockEnd, "%}");
  stmt->body = Body({"endgeneration"}, "generation");
  loops_ = loops;
  Next();
  return stmt;
}

std::unique_ptr<Stmt> Parser::LoopControl(Flow flow, const char* name) {
  if (loops_ == 0) FailHere(fmt::format("'{}' stands outside a loop", name));
  auto stmt = At<FlowStmt>(Peek().line);
  stmt->flow = flow;
  return stmt;
}

std::unique_ptr<Stmt> Parser::Break() {
  return LoopControl(Flow::kBreak, "break");
}

std::unique_ptr<Stmt> Parser::Continue() {
  return LoopControl(Flow::kContinue, "continue");
}

Target Parser::OneTarget(bool with_namespace) {
  const Nesting nesting(this);
  Target target;
  target.line = Peek().line;
  if (SkipOperator("(")) {
    target = AssignTarget(with_namespace);
    ExpectOperator(")");
    return target;
  }
  const std::string name = TakeName("a name to assign to");
  for (const char* constant :
       {"true", "True", "false", "False", "none", "None"}) {
    if (name == constant) FailHere("cannot assign to '" + name + "'");
  }
  target.symbol = Intern(name);
  if (with_namespace && SkipOperator(".")) {
    target.kind = Target::Kind::kAttribute;
    target.attribute = TakeName("an attribute");
  }
  return target;
}

Target Parser::AssignTarget(bool with_namespace, std::string_view end) {
  Target first = OneTarget(with_namespace);
  if (!IsOperator(",")) return first;
  Target tuple;
  tuple.kind = Target::Kind::kTuple;
  tuple.line = first.line;
  tuple.items.push_back(std::move(first));
  while (SkipOperator(",")) {
    if (AtTupleEnd(end) || IsOperator("=")) break;
    tuple.items.push_back(OneTarget(with_namespace));
  }
  return tuple;
}

}  // namespace llamba::jinja

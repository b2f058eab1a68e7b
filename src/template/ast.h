#ifndef LLAMBA_TEMPLATE_AST_H_
#define LLAMBA_TEMPLATE_AST_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "template/value.h"

namespace llamba::jinja {

class Interpreter;

// A name of the template, as an index into its table of names.
using Symbol = uint32_t;

// Expressions and statements are immutable once parsed and evaluate themselves
// against an Interpreter, which holds all that changes.
struct Expr {
  int line = 1;
  // Levels of expressions in it, bounded by the parser.
  int height = 1;
  virtual ~Expr() = default;
  virtual Value Eval(Interpreter& interpreter) const = 0;
};
using ExprPtr = std::unique_ptr<Expr>;

enum class Flow { kNormal, kBreak, kContinue };

struct Stmt {
  int line = 1;
  virtual ~Stmt() = default;
  virtual Flow Exec(Interpreter& interpreter) const = 0;
};
using Block = std::vector<std::unique_ptr<Stmt>>;

struct ConstantExpr : Expr {
  Value value;
  Value Eval(Interpreter& interpreter) const override;
};

struct NameExpr : Expr {
  Symbol symbol = 0;
  Value Eval(Interpreter& interpreter) const override;
};

struct ListExpr : Expr {
  std::vector<ExprPtr> items;
  bool tuple = false;
  Value Eval(Interpreter& interpreter) const override;
};

struct DictExpr : Expr {
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
  Value Eval(Interpreter& interpreter) const override;
};

// `then if test else otherwise`; without else (null) it is undefined.
struct ConditionalExpr : Expr {
  ExprPtr test, then, otherwise;
  Value Eval(Interpreter& interpreter) const override;
};

struct LogicalExpr : Expr {
  ExprPtr left, right;
  bool is_and = false;
  Value Eval(Interpreter& interpreter) const override;
};

struct NotExpr : Expr {
  ExprPtr operand;
  Value Eval(Interpreter& interpreter) const override;
};

struct UnaryExpr : Expr {
  using Function = Value (*)(const Value&);
  Function function = nullptr;
  ExprPtr operand;
  Value Eval(Interpreter& interpreter) const override;
};

struct BinaryExpr : Expr {
  using Function = Value (*)(const Value&, const Value&);
  Function function = nullptr;
  ExprPtr left, right;
  Value Eval(Interpreter& interpreter) const override;
};

struct ConcatExpr : Expr {
  std::vector<ExprPtr> items;
  Value Eval(Interpreter& interpreter) const override;
};

// a < b <= c: every operand is evaluated once, up to the first false.
struct CompareExpr : Expr {
  using Function = bool (*)(const Value&, const Value&);
  ExprPtr first;
  std::vector<std::pair<Function, ExprPtr>> rest;
  Value Eval(Interpreter& interpreter) const override;
};

struct AttributeExpr : Expr {
  ExprPtr object;
  std::string name;
  Value Eval(Interpreter& interpreter) const override;
};

struct ItemExpr : Expr {
  ExprPtr object, key;
  Value Eval(Interpreter& interpreter) const override;
};

// Missing bounds are null.
struct SliceExpr : Expr {
  ExprPtr object, start, stop, step;
  Value Eval(Interpreter& interpreter) const override;
};

struct ArgumentList {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  // *args and **kwargs, or null.
  ExprPtr more_positional, more_named;
};

struct CallExpr : Expr {
  ExprPtr callee;
  ArgumentList arguments;
  Value Eval(Interpreter& interpreter) const override;
};

using FilterFunction = Value (*)(Interpreter&, const Value&, const Args&);
using TestFunction = bool (*)(Interpreter&, const Value&, const Args&);

struct FilterExpr : Expr {
  // Null in a filter block: the value is given to Apply.
  ExprPtr operand;
  std::string name;
  // Null where the filter is unknown: an error only if it is reached.
  FilterFunction function = nullptr;
  ArgumentList arguments;
  Value Eval(Interpreter& interpreter) const override;
  // Runs the chain of filters on `input` in place of the missing operand.
  Value Apply(Interpreter& interpreter, const Value& input) const;
};

struct TestExpr : Expr {
  ExprPtr operand;
  std::string name;
  TestFunction function = nullptr;
  ArgumentList arguments;
  Value Eval(Interpreter& interpreter) const override;
};

// What an assignment sets: a name, an attribute of a namespace, or a tuple of
// targets.
struct Target {
  enum class Kind { kName, kAttribute, kTuple };
  Kind kind = Kind::kName;
  int line = 1;
  Symbol symbol = 0;
  std::string attribute;
  std::vector<Target> items;
};

struct TextStmt : Stmt {
  std::string text;
  Flow Exec(Interpreter& interpreter) const override;
};

struct PrintStmt : Stmt {
  ExprPtr value;
  Flow Exec(Interpreter& interpreter) const override;
};

struct ForStmt : Stmt {
  Target target;
  ExprPtr iterable, filter;
  bool recursive = false;
  Block body, otherwise;
  Flow Exec(Interpreter& interpreter) const override;
};

struct IfStmt : Stmt {
  // if and elif; an else has no test.
  std::vector<std::pair<ExprPtr, Block>> branches;
  Flow Exec(Interpreter& interpreter) const override;
};

struct SetStmt : Stmt {
  Target target;
  ExprPtr value;
  Flow Exec(Interpreter& interpreter) const override;
};

// {% set x | filter %}body{% endset %}; `filter` may be null.
struct SetBlockStmt : Stmt {
  Target target;
  ExprPtr filter;
  Block body;
  Flow Exec(Interpreter& interpreter) const override;
};

struct FilterBlockStmt : Stmt {
  ExprPtr filter;
  Block body;
  Flow Exec(Interpreter& interpreter) const override;
};

struct WithStmt : Stmt {
  std::vector<std::pair<Target, ExprPtr>> bindings;
  Block body;
  Flow Exec(Interpreter& interpreter) const override;
};

// {% generation %}: transformers marks the assistant's text with it; here the
// body is just rendered, in a scope of its own.
struct ScopeStmt : Stmt {
  Block body;
  Flow Exec(Interpreter& interpreter) const override;
};

struct MacroDefinition {
  std::string name;
  int line = 1;
  std::vector<Symbol> parameters;
  std::vector<std::string> parameter_names;
  // Of the last parameters.
  std::vector<ExprPtr> defaults;
  Block body;
  // Which of the names `caller`, `varargs` and `kwargs` the body uses.
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
};

struct MacroStmt : Stmt {
  MacroDefinition macro;
  Symbol symbol = 0;
  Flow Exec(Interpreter& interpreter) const override;
};

struct CallBlockStmt : Stmt {
  MacroDefinition caller;
  std::unique_ptr<CallExpr> call;
  Flow Exec(Interpreter& interpreter) const override;
};

struct FlowStmt : Stmt {
  Flow flow = Flow::kNormal;
  Flow Exec(Interpreter&) const override { return flow; }
};

// Symbols that the language itself binds, first in every table of names.
enum WellKnown : Symbol { kLoop, kCaller, kVarargs, kKwargs, kWellKnownCount };

// A parsed template.
struct Program {
  Block body;
  // By symbol.
  std::vector<std::string> names;
};

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_AST_H_

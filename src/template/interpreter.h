#ifndef LLAMBA_TEMPLATE_INTERPRETER_H_
#define LLAMBA_TEMPLATE_INTERPRETER_H_

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "template/ast.h"
#include "template/objects.h"
#include "template/value.h"

namespace llamba::jinja {

// Names bound in one scope. A macro keeps the scope that it was defined in:
// captured scopes live to the end of the rendering, the others on the stack.
struct Scope {
  Scope* parent = nullptr;
  bool captured = false;
  std::vector<std::pair<Symbol, Value>> names;
  Charge charge;
};

// What one rendering changes: scopes, output, position, depth. Used by one
// thread, once, inside a BudgetScope.
class Interpreter {
 public:
  // `variables` by symbol; empty ones are not given. All outlive the
  // interpreter.
  Interpreter(const Program& program,
              const std::vector<std::optional<Value>>& variables,
              const std::tm& now);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  std::string Run();
  // The line that is being evaluated, or was when an error was raised.
  int line() const { return line_; }
  const std::tm& now() const { return now_; }

  Value Eval(const Expr& expr);
  Flow Exec(const Block& block);
  void Emit(std::string_view text);
  void SetLine(int line) { line_ = line; }

  Value Lookup(Symbol symbol) const;
  void Assign(const Target& target, const Value& value);
  void Bind(Symbol symbol, const Value& value);
  Scope* scope() { return scope_; }
  // Marks the current scope and those around it as kept.
  Scope* CaptureScope();

  Args EvalArguments(const ArgumentList& list);
  Value Call(const Value& callee, Args& args);
  Value GetAttribute(const Value& object, const std::string& name) const;
  Value GetItem(const Value& object, const Value& key) const;

  // Keeps a namespace until the end, where it is cleared.
  void Register(std::shared_ptr<const NamespaceObject> object);

  // A scope inside `parent` for as long as it lives.
  class ScopeGuard {
   public:
    ScopeGuard(Interpreter* interpreter, Scope* parent);
    ~ScopeGuard();
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;

   private:
    Interpreter* interpreter_;
    Scope* former_;
    std::unique_ptr<Scope> scope_;
  };

  // Collects what is emitted while it lives, instead of the output around it.
  class Capture {
   public:
    explicit Capture(Interpreter* interpreter);
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    std::string Take() { return std::move(text_); }

   private:
    friend class Interpreter;
    Interpreter* interpreter_;
    Capture* former_;
    std::string text_;
    Charge charge_;
  };

  // One level of evaluation for as long as it lives.
  class Level {
   public:
    explicit Level(Interpreter* interpreter);
    ~Level() { --interpreter_->depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Interpreter* interpreter_;
  };

 private:
  void AssignAttribute(const Target& target, const Value& value);
  void Unpack(const Target& target, const Value& value);

  const Program& program_;
  const std::vector<std::optional<Value>>& variables_;
  const std::tm& now_;
  int line_ = 1;
  int depth_ = 0;
  Scope root_;
  Scope* scope_ = &root_;
  Capture* output_ = nullptr;
  std::vector<std::unique_ptr<Scope>> kept_;
  std::vector<std::shared_ptr<const NamespaceObject>> namespaces_;
};

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_INTERPRETER_H_

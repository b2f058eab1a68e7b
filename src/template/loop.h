#ifndef LLAMBA_TEMPLATE_LOOP_H_
#define LLAMBA_TEMPLATE_LOOP_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "template/interpreter.h"

namespace llamba::jinja {

// The variable `loop` of a for statement, and its position. Items are taken
// one by one, and ahead of time only where loop.last, nextitem or length ask:
// a filter condition sees what the loop's body changed before.
class LoopObject : public Object {
 public:
  // `outer` is the scope around the for statement.
  LoopObject(Interpreter* interpreter, const ForStmt& stmt, Value iterable,
             Scope* outer, int depth);
  std::string TypeName() const override { return "LoopContext"; }
  std::string Repr(int depth) const override;
  int64_t Length() const override;
  bool GetAttr(std::string_view name, Value* out) const override;
  bool IsCallable() const override { return true; }
  // loop(items): the body again over `items`, of a recursive loop.
  Value Call(Interpreter& interpreter, Args& args) const override;
  int Depth() const override { return value_depth_; }

  bool Advance(Value* item) const;
  // The loop is over: what it iterated on, and may hold the loop itself, is let
  // go.
  void Close() const {
    cursor_ = nullptr;
    last_changed_.reset();
  }

 private:
  const std::optional<Value>& PeekNext() const;
  Value Method(std::string_view name) const;

  const ForStmt& stmt_;
  Value iterable_;
  Scope* outer_;
  int depth_;
  int value_depth_;
  // A loop advances while values share it.
  mutable std::unique_ptr<Cursor> cursor_;
  mutable std::vector<Value> ahead_;
  mutable size_t ahead_next_ = 0;
  mutable std::optional<Value> after_, before_, current_;
  mutable std::optional<Value> last_changed_;
  mutable int64_t index0_ = -1;
  mutable int64_t length_ = -1;
  Charge charge_{256};
};

// Renders the body of `stmt` for each item, or its else block for none.
Flow RunLoop(Interpreter& interpreter, const ForStmt& stmt,
             const Value& iterable, Scope* outer, int depth);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_LOOP_H_

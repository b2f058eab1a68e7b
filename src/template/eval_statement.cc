#include "template/interpreter.h"
#include "template/loop.h"
#include "template/macro.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

// The block's text, rendered in a scope of its own.
std::string RenderBlock(Interpreter& interpreter, const Block& body,
                        Flow* flow) {
  const Interpreter::ScopeGuard scope(&interpreter, interpreter.scope());
  Interpreter::Capture output(&interpreter);
  *flow = interpreter.Exec(body);
  return output.Take();
}

Value ApplyFilters(Interpreter& interpreter, const ExprPtr& filter,
                   Value value) {
  if (filter == nullptr) return value;
  interpreter.SetLine(filter->line);
  return static_cast<const FilterExpr&>(*filter).Apply(interpreter, value);
}

}  // namespace

Flow TextStmt::Exec(Interpreter& interpreter) const {
  interpreter.Emit(text);
  return Flow::kNormal;
}

Flow PrintStmt::Exec(Interpreter& interpreter) const {
  const Value result = interpreter.Eval(*value);
  if (result.IsString()) {
    interpreter.Emit(result.AsString());
  } else {
    interpreter.Emit(Str(result));
  }
  return Flow::kNormal;
}

Flow ForStmt::Exec(Interpreter& interpreter) const {
  return RunLoop(interpreter, *this, interpreter.Eval(*iterable),
                 interpreter.scope(), 0);
}

Flow IfStmt::Exec(Interpreter& interpreter) const {
  for (const auto& [test, body] : branches) {
    if (test == nullptr || Truth(interpreter.Eval(*test))) {
      return interpreter.Exec(body);
    }
  }
  return Flow::kNormal;
}

Flow SetStmt::Exec(Interpreter& interpreter) const {
  interpreter.Assign(target, interpreter.Eval(*value));
  return Flow::kNormal;
}

Flow SetBlockStmt::Exec(Interpreter& interpreter) const {
  Flow flow = Flow::kNormal;
  Value text = RenderBlock(interpreter, body, &flow);
  if (flow != Flow::kNormal) return flow;
  interpreter.Assign(target,
                     ApplyFilters(interpreter, filter, std::move(text)));
  return Flow::kNormal;
}

Flow FilterBlockStmt::Exec(Interpreter& interpreter) const {
  Flow flow = Flow::kNormal;
  Value text = RenderBlock(interpreter, body, &flow);
  if (flow != Flow::kNormal) return flow;
  interpreter.Emit(Str(ApplyFilters(interpreter, filter, std::move(text))));
  return Flow::kNormal;
}

Flow WithStmt::Exec(Interpreter& interpreter) const {
  // The values are those of the scope around, not of earlier bindings.
  std::vector<Value> values;
  for (const auto& [target, expr] : bindings) {
    values.push_back(interpreter.Eval(*expr));
  }
  const Interpreter::ScopeGuard scope(&interpreter, interpreter.scope());
  for (size_t i = 0; i < values.size(); ++i) {
    interpreter.Assign(bindings[i].first, values[i]);
  }
  return interpreter.Exec(body);
}

Flow ScopeStmt::Exec(Interpreter& interpreter) const {
  const Interpreter::ScopeGuard scope(&interpreter, interpreter.scope());
  return interpreter.Exec(body);
}

Flow MacroStmt::Exec(Interpreter& interpreter) const {
  interpreter.Bind(symbol, MakeObject(std::make_shared<MacroObject>(
                               macro, interpreter.CaptureScope())));
  return Flow::kNormal;
}

Flow CallBlockStmt::Exec(Interpreter& interpreter) const {
  const Value function = interpreter.Eval(*call->callee);
  Args args = interpreter.EvalArguments(call->arguments);
  args.named.emplace_back("caller", MakeObject(std::make_shared<MacroObject>(
                                        caller, interpreter.CaptureScope())));
  interpreter.SetLine(line);
  interpreter.Emit(Str(interpreter.Call(function, args)));
  return Flow::kNormal;
}

}  // namespace llamba::jinja

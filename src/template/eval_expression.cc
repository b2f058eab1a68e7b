#include "template/interpreter.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

Value EvalOrNone(Interpreter& interpreter, const ExprPtr& expr) {
  return expr == nullptr ? Value() : interpreter.Eval(*expr);
}

}  // namespace

Value ConstantExpr::Eval(Interpreter&) const { return value; }

Value NameExpr::Eval(Interpreter& interpreter) const {
  return interpreter.Lookup(symbol);
}

Value ListExpr::Eval(Interpreter& interpreter) const {
  std::vector<Value> values;
  values.reserve(items.size());
  for (const ExprPtr& item : items) values.push_back(interpreter.Eval(*item));
  return Value::MakeList(std::move(values), tuple);
}

Value DictExpr::Eval(Interpreter& interpreter) const {
  std::vector<std::pair<Value, Value>> pairs;
  for (const auto& [key, item] : items) {
    const Value name = interpreter.Eval(*key);
    SetKey(&pairs, name, interpreter.Eval(*item));
  }
  return Value::MakeDict(std::move(pairs));
}

Value ConditionalExpr::Eval(Interpreter& interpreter) const {
  if (Truth(interpreter.Eval(*test))) return interpreter.Eval(*then);
  if (otherwise != nullptr) return interpreter.Eval(*otherwise);
  return Value::MakeUndefined(
      "the inline if-expression evaluated to false and has no else");
}

Value LogicalExpr::Eval(Interpreter& interpreter) const {
  Value value = interpreter.Eval(*left);
  return Truth(value) == is_and ? interpreter.Eval(*right) : value;
}

Value NotExpr::Eval(Interpreter& interpreter) const {
  return !Truth(interpreter.Eval(*operand));
}

Value UnaryExpr::Eval(Interpreter& interpreter) const {
  return function(interpreter.Eval(*operand));
}

Value BinaryExpr::Eval(Interpreter& interpreter) const {
  const Value a = interpreter.Eval(*left);
  return function(a, interpreter.Eval(*right));
}

Value ConcatExpr::Eval(Interpreter& interpreter) const {
  std::string text;
  for (const ExprPtr& item : items) {
    const Value value = interpreter.Eval(*item);
    text += value.IsString() ? value.AsString() : Str(value);
    CheckStringSize(text.size());
  }
  return text;
}

Value CompareExpr::Eval(Interpreter& interpreter) const {
  Value left = interpreter.Eval(*first);
  for (const auto& [function, expr] : rest) {
    Value right = interpreter.Eval(*expr);
    if (!function(left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Value AttributeExpr::Eval(Interpreter& interpreter) const {
  return interpreter.GetAttribute(interpreter.Eval(*object), name);
}

Value ItemExpr::Eval(Interpreter& interpreter) const {
  const Value value = interpreter.Eval(*object);
  return interpreter.GetItem(value, interpreter.Eval(*key));
}

Value SliceExpr::Eval(Interpreter& interpreter) const {
  const Value value = interpreter.Eval(*object);
  const Value from = EvalOrNone(interpreter, start);
  const Value to = EvalOrNone(interpreter, stop);
  return Slice(value, from, to, EvalOrNone(interpreter, step));
}

Value CallExpr::Eval(Interpreter& interpreter) const {
  const Value function = interpreter.Eval(*callee);
  Args args = interpreter.EvalArguments(arguments);
  return interpreter.Call(function, args);
}

Value FilterExpr::Eval(Interpreter& interpreter) const {
  return Apply(interpreter, Value());
}

Value FilterExpr::Apply(Interpreter& interpreter, const Value& input) const {
  if (function == nullptr) Raise("unknown filter '{}'", name);
  Value value = input;
  if (const auto* chain = dynamic_cast<const FilterExpr*>(operand.get())) {
    const Interpreter::Level level(&interpreter);
    value = chain->Apply(interpreter, input);
  } else if (operand != nullptr) {
    value = interpreter.Eval(*operand);
  }
  return function(interpreter, value, interpreter.EvalArguments(arguments));
}

Value TestExpr::Eval(Interpreter& interpreter) const {
  if (function == nullptr) Raise("unknown test '{}'", name);
  const Value value = interpreter.Eval(*operand);
  return function(interpreter, value, interpreter.EvalArguments(arguments));
}

}  // namespace llamba::jinja

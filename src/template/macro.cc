#include "template/macro.h"

#include <algorithm>

#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

// Takes the keyword out of the arguments; empty where it is not given.
std::optional<Value> TakeNamed(Args* args, std::string_view name) {
  for (auto it = args->named.begin(); it != args->named.end(); ++it) {
    if (it->first != name) continue;
    std::optional<Value> value(it->second);
    args->named.erase(it);
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::string MacroObject::Repr(int) const {
  return "<Macro " + ReprString(definition_.name) + ">";
}

bool MacroObject::GetAttr(std::string_view name, Value* out) const {
  if (name == "name") {
    *out = definition_.name;
  } else if (name == "arguments") {
    std::vector<Value> names(definition_.parameter_names.begin(),
                             definition_.parameter_names.end());
    *out = Value::MakeTuple(std::move(names));
  } else if (name == "caller") {
    *out = definition_.uses_caller;
  } else if (name == "catch_varargs") {
    *out = definition_.uses_varargs;
  } else if (name == "catch_kwargs") {
    *out = definition_.uses_kwargs;
  } else {
    return false;
  }
  return true;
}

std::vector<std::optional<Value>> MacroObject::Match(Args& args) const {
  const size_t count = definition_.parameters.size();
  std::vector<std::optional<Value>> values(count);
  const size_t given = std::min(count, args.positional.size());
  for (size_t i = 0; i < given; ++i) values[i] = args.positional[i];
  for (size_t i = given; i < count; ++i) {
    values[i] = TakeNamed(&args, definition_.parameter_names[i]);
  }
  args.positional.erase(args.positional.begin(),
                        args.positional.begin() + static_cast<long>(given));
  return values;
}

// caller, kwargs and varargs, where the body uses them; else what is left over
// is a mistake.
void MacroObject::BindExtras(Interpreter& interpreter, Args& args) const {
  const auto& names = definition_.parameter_names;
  const bool explicit_caller =
      std::find(names.begin(), names.end(), "caller") != names.end();
  if (definition_.uses_caller && !explicit_caller) {
    const std::optional<Value> caller = TakeNamed(&args, "caller");
    interpreter.Bind(kCaller, caller.has_value() && !caller->IsNone()
                                  ? *caller
                                  : Value::MakeUndefined("no caller defined"));
  }
  if (definition_.uses_kwargs) {
    std::vector<std::pair<Value, Value>> pairs;
    for (const auto& [name, value] : args.named) SetKey(&pairs, name, value);
    interpreter.Bind(kKwargs, Value::MakeDict(std::move(pairs)));
  } else if (!args.named.empty()) {
    Raise("macro '{}' takes no keyword argument '{}'", definition_.name,
          args.named[0].first);
  }
  if (definition_.uses_varargs) {
    interpreter.Bind(kVarargs, Value::MakeTuple(args.positional));
  } else if (!args.positional.empty()) {
    Raise("macro '{}' takes not more than {} argument(s)", definition_.name,
          definition_.parameters.size());
  }
}

Value MacroObject::Call(Interpreter& interpreter, Args& args) const {
  const std::vector<std::optional<Value>> values = Match(args);
  const Interpreter::ScopeGuard scope(&interpreter, scope_);
  Interpreter::Capture output(&interpreter);
  BindExtras(interpreter, args);
  const size_t first_default = values.size() - definition_.defaults.size();
  for (size_t i = 0; i < values.size(); ++i) {
    const Symbol symbol = definition_.parameters[i];
    if (values[i].has_value()) {
      interpreter.Bind(symbol, *values[i]);
    } else if (i >= first_default) {
      interpreter.Bind(
          symbol, interpreter.Eval(*definition_.defaults[i - first_default]));
    } else {
      interpreter.Bind(
          symbol,
          Value::MakeUndefined("parameter '" + definition_.parameter_names[i] +
                               "' was not provided"));
    }
  }
  interpreter.Exec(definition_.body);
  return output.Take();
}

}  // namespace llamba::jinja

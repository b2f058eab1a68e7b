#include "template/objects.h"
#include "template/params.h"
#include "template/tables.h"
#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

using Kind = bool (Value::*)() const;

// A test that asks for the kind of value alone.
template <Kind kind>
bool Is(Interpreter&, const Value& value, const Args& args) {
  const Params params("the test", args, {});
  return (value.*kind)();
}

bool Defined(Interpreter&, const Value& value, const Args& args) {
  const Params params("defined", args, {});
  return !value.IsUndefined();
}

template <bool wanted>
bool IsConstant(Interpreter&, const Value& value, const Args& args) {
  const Params params("the test", args, {});
  return value.IsBool() && value.AsBool() == wanted;
}

bool Sequence(Interpreter&, const Value& value, const Args& args) {
  const Params params("sequence", args, {});
  if (value.IsObject()) {
    // Python asks for len() and indexing; of our objects a range has both.
    return value.As<RangeObject>() != nullptr;
  }
  return value.IsString() || value.IsSequence() || value.IsDict() ||
         value.IsUndefined();
}

bool Iterable(Interpreter&, const Value& value, const Args& args) {
  const Params params("iterable", args, {});
  return IsIterable(value);
}

bool Callable(Interpreter&, const Value& value, const Args& args) {
  const Params params("callable", args, {});
  // Python's Undefined has __call__, which fails.
  return value.IsUndefined() ||
         (value.IsObject() && value.AsObject()->IsCallable());
}

template <bool even>
bool Parity(Interpreter&, const Value& value, const Args& args) {
  const Params params("the test", args, {});
  return Equal(Modulo(value, 2), even ? 0 : 1);
}

bool DivisibleBy(Interpreter&, const Value& value, const Args& args) {
  const Params params("divisibleby", args, {"num"}, 1);
  return Equal(Modulo(value, params[0]), 0);
}

template <bool (*cased)(char32_t)>
bool AllCased(Interpreter&, const Value& value, const Args& args) {
  const Params params("the test", args, {});
  const std::string text = Str(value);
  bool any = false;
  for (size_t pos = 0; pos < text.size(); pos += CodePointBytes(text, pos)) {
    const char32_t code = DecodeAt(text, pos);
    if (!IsCased(code)) continue;
    if (!cased(code)) return false;
    any = true;
  }
  return any;
}

bool Eq(Interpreter&, const Value& value, const Args& args) {
  const Params params("eq", args, {"other"}, 1);
  return Equal(value, params[0]);
}
bool Ne(Interpreter&, const Value& value, const Args& args) {
  const Params params("ne", args, {"other"}, 1);
  return !Equal(value, params[0]);
}
bool Lt(Interpreter&, const Value& value, const Args& args) {
  const Params params("lt", args, {"other"}, 1);
  return Compare(value, params[0], "<") < 0;
}
bool Le(Interpreter&, const Value& value, const Args& args) {
  const Params params("le", args, {"other"}, 1);
  return Compare(value, params[0], "<=") <= 0;
}
bool Gt(Interpreter&, const Value& value, const Args& args) {
  const Params params("gt", args, {"other"}, 1);
  return Compare(value, params[0], ">") > 0;
}
bool Ge(Interpreter&, const Value& value, const Args& args) {
  const Params params("ge", args, {"other"}, 1);
  return Compare(value, params[0], ">=") >= 0;
}

bool In(Interpreter&, const Value& value, const Args& args) {
  const Params params("in", args, {"seq"}, 1);
  return Contains(params[0], value);
}

bool SameAs(Interpreter&, const Value& value, const Args& args) {
  const Params params("sameas", args, {"other"}, 1);
  return value.SameAs(params[0]);
}

bool Escaped(Interpreter&, const Value&, const Args& args) {
  const Params params("escaped", args, {});
  return false;
}

template <typename T, T (*find)(std::string_view)>
bool Exists(Interpreter&, const Value& value, const Args& args) {
  const Params params("the test", args, {});
  return value.IsString() && find(value.AsString()) != nullptr;
}

constexpr TestEntry kTests[] = {
    {"boolean", Is<&Value::IsBool>},
    {"callable", Callable},
    {"defined", Defined},
    {"divisibleby", DivisibleBy},
    {"eq", Eq},
    {"equalto", Eq},
    {"==", Eq},
    {"escaped", Escaped},
    {"even", Parity<true>},
    {"false", IsConstant<false>},
    {"filter", Exists<FilterFunction, FindFilter>},
    {"float", Is<&Value::IsFloat>},
    {"ge", Ge},
    {">=", Ge},
    {"greaterthan", Gt},
    {"gt", Gt},
    {">", Gt},
    {"in", In},
    {"integer", Is<&Value::IsInt>},
    {"iterable", Iterable},
    {"le", Le},
    {"<=", Le},
    {"lessthan", Lt},
    {"lt", Lt},
    {"<", Lt},
    {"lower", AllCased<IsLowerCase>},
    {"mapping", Is<&Value::IsDict>},
    {"ne", Ne},
    {"!=", Ne},
    {"none", Is<&Value::IsNone>},
    {"number", Is<&Value::IsNumber>},
    {"odd", Parity<false>},
    {"sameas", SameAs},
    {"sequence", Sequence},
    {"string", Is<&Value::IsString>},
    {"test", Exists<TestFunction, FindTest>},
    {"true", IsConstant<true>},
    {"undefined", Is<&Value::IsUndefined>},
    {"upper", AllCased<IsUpperCase>},
};

}  // namespace

std::span<const TestEntry> Tests() { return kTests; }

TestFunction FindTest(std::string_view name) {
  for (const TestEntry& entry : kTests) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace llamba::jinja

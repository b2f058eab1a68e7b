#include "template/attribute_getter.h"
#include "template/params.h"
#include "template/tables.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

// The arguments from number `first` on.
Args Rest(const Args& args, size_t first) {
  Args rest;
  rest.positional.assign(args.positional.begin() + static_cast<long>(first),
                         args.positional.end());
  rest.named = args.named;
  return rest;
}

const std::string& NameOf(const Value& value, const char* what) {
  if (!value.IsString()) Raise("a {}'s name must be a string", what);
  return value.AsString();
}

Value MapAttribute(Interpreter& interpreter, const Value& value,
                   const Args& args) {
  const Params params("map", args, {"attribute", "default"}, 1);
  AttributeGetter getter(params[0]);
  getter.SetDefault(params.Or(1, Value()));
  std::vector<Value> items = ToVector(value);
  for (Value& item : items) item = getter.Get(interpreter, item);
  return MakeIterator("generator", std::move(items));
}

Value MapFilter(Interpreter& interpreter, const Value& value,
                const Args& args) {
  if (args.positional.empty()) Raise("map requires a filter argument");
  const std::string& name = NameOf(args.positional[0], "filter");
  const FilterFunction filter = FindFilter(name);
  if (filter == nullptr) Raise("unknown filter '{}'", name);
  const Args rest = Rest(args, 1);
  std::vector<Value> items = ToVector(value);
  for (Value& item : items) {
    const Interpreter::Level level(&interpreter);
    item = filter(interpreter, item, rest);
  }
  return MakeIterator("generator", std::move(items));
}

Value Map(Interpreter& interpreter, const Value& value, const Args& args) {
  // Nothing is asked of the arguments where there is nothing to map.
  if (!Truth(value)) return MakeIterator("generator", {});
  for (const auto& [name, item] : args.named) {
    if (name == "attribute" && args.positional.empty()) {
      return MapAttribute(interpreter, value, args);
    }
  }
  return MapFilter(interpreter, value, args);
}

// select, reject, selectattr and rejectattr.
template <bool by_attribute, bool keep>
Value Select(Interpreter& interpreter, const Value& value, const Args& args) {
  if (!Truth(value)) return MakeIterator("generator", {});
  if (by_attribute && args.positional.empty()) {
    Raise("the name of an attribute is missing");
  }
  const AttributeGetter getter(by_attribute ? args.positional[0] : Value());
  const size_t at = by_attribute ? 1 : 0;
  TestFunction test = nullptr;
  Args rest;
  if (args.positional.size() > at) {
    const std::string& name = NameOf(args.positional[at], "test");
    test = FindTest(name);
    if (test == nullptr) Raise("unknown test '{}'", name);
    rest = Rest(args, at + 1);
  }
  std::vector<Value> items;
  for (const Value& item : ToVector(value)) {
    const Value subject = getter.Get(interpreter, item);
    const bool holds =
        test != nullptr ? test(interpreter, subject, rest) : Truth(subject);
    if (holds == keep) items.push_back(item);
  }
  return MakeIterator("generator", std::move(items));
}

Value Default(Interpreter&, const Value& value, const Args& args) {
  const Params params("default", args, {"default_value", "boolean"});
  const bool missing =
      value.IsUndefined() || (params.Flag(1, false) && !Truth(value));
  return missing ? params.Or(0, "") : value;
}

Value Attr(Interpreter& interpreter, const Value& value, const Args& args) {
  const Params params("attr", args, {"name"}, 1);
  value.RequireDefined();
  // Attributes only: a dict's items are none.
  if (value.IsDict()) {
    Value out;
    if (FindMethod(value, params.Text(0), &out)) return out;
    return Value::MakeUndefined("'dict' object has no attribute '" +
                                params.Text(0) + "'");
  }
  return interpreter.GetAttribute(value, params.Text(0));
}

Value String(Interpreter&, const Value& value, const Args& args) {
  const Params params("string", args, {});
  return Str(value);
}

constexpr FilterEntry kFilters[] = {
    {"attr", Attr},
    {"d", Default},
    {"default", Default},
    {"map", Map},
    {"reject", Select<false, false>},
    {"rejectattr", Select<true, false>},
    {"safe", String},
    {"select", Select<false, true>},
    {"selectattr", Select<true, true>},
    {"string", String},
};

}  // namespace

std::span<const FilterEntry> SelectFilters() { return kFilters; }

}  // namespace llamba::jinja

#include <algorithm>

#include "template/objects.h"
#include "template/params.h"
#include "template/tables.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

constexpr std::string_view kListMutators[] = {
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
constexpr std::string_view kDictMutators[] = {"clear", "pop", "popitem",
                                              "setdefault", "update"};
// What Python's types also have and nobody's chat template needs: refused by
// name rather than taken for undefined.
constexpr std::string_view kUnsupported[] = {
    "encode",     "translate",    "maketrans", "expandtabs",
    "casefold",   "isidentifier", "fromkeys",  "as_integer_ratio",
    "bit_length", "bit_count",    "conjugate", "denominator",
    "numerator",  "imag",         "real",      "to_bytes",
    "from_bytes", "hex",          "fromhex",   "is_integer",
    "isprintable"};

template <size_t n>
bool IsIn(const std::string_view (&names)[n], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool FindIn(std::span<const MethodEntry> table, const Value& self,
            std::string_view name, Value* out) {
  for (const MethodEntry& entry : table) {
    if (entry.name != name) continue;
    const auto function = entry.function;
    *out = MakeObject(std::make_shared<FunctionObject>(
        std::string(name),
        [function, self](Interpreter& interpreter, Args& args) {
          return function(interpreter, self, args);
        },
        self.Depth() + 1));
    return true;
  }
  return false;
}

Value Unsafe(const Value& self, std::string_view name) {
  return Value::MakeUndefined(
      fmt::format("'{}' of a {} would change it, which templates may not do",
                  name, self.TypeName()));
}

Value Count(const std::vector<Value>& items, const Value& wanted) {
  return static_cast<int64_t>(
      std::count_if(items.begin(), items.end(),
                    [&](const Value& item) { return Equal(item, wanted); }));
}

Value ListCount(Interpreter&, const Value& self, const Args& args) {
  const Params params("count", args, {"value"}, 1);
  return Count(self.Items(), params[0]);
}

Value ListIndex(Interpreter&, const Value& self, const Args& args) {
  const Params params("index", args, {"value"}, 1);
  const auto& items = self.Items();
  for (size_t i = 0; i < items.size(); ++i) {
    if (Equal(items[i], params[0])) return static_cast<int64_t>(i);
  }
  Raise("{} is not in list", Repr(params[0]));
}

// Values are immutable: a copy is the value itself.
Value Copy(Interpreter&, const Value& self, const Args& args) {
  const Params params("copy", args, {});
  return self;
}

Value DictGet(Interpreter&, const Value& self, const Args& args) {
  const Params params("get", args, {"key", "default"}, 1);
  const Value* item = FindKey(self, params[0]);
  return item != nullptr ? *item : params.Or(1, Value());
}

template <DictView::Part part>
Value DictPart(Interpreter&, const Value& self, const Args& args) {
  const Params params("items", args, {});
  return MakeObject(std::make_shared<DictView>(self, part));
}

constexpr MethodEntry kListMethods[] = {
    {"count", ListCount}, {"index", ListIndex}, {"copy", Copy}};
constexpr MethodEntry kDictMethods[] = {
    {"copy", Copy},
    {"get", DictGet},
    {"items", DictPart<DictView::Part::kItems>},
    {"keys", DictPart<DictView::Part::kKeys>},
    {"values", DictPart<DictView::Part::kValues>},
};

}  // namespace

std::span<const MethodEntry> ListMethods() { return kListMethods; }
std::span<const MethodEntry> DictMethods() { return kDictMethods; }

bool FindMethod(const Value& self, std::string_view name, Value* out) {
  if (self.IsString()) {
    if (FindIn(StringMethods(), self, name, out)) return true;
    if (FindIn(StringPredicates(), self, name, out)) return true;
  } else if (self.IsSequence()) {
    if (self.IsTuple() && name == "copy") return false;
    if (FindIn(ListMethods(), self, name, out)) return true;
    if (self.IsList() && IsIn(kListMutators, name)) {
      *out = Unsafe(self, name);
      return true;
    }
  } else if (self.IsDict()) {
    if (FindIn(DictMethods(), self, name, out)) return true;
    if (IsIn(kDictMutators, name)) {
      *out = Unsafe(self, name);
      return true;
    }
  }
  const bool has_more = self.IsString() || self.IsNumber();
  if (has_more && IsIn(kUnsupported, name)) {
    Raise("the attribute '{}' of '{}' is not supported", name, self.TypeName());
  }
  return false;
}

}  // namespace llamba::jinja

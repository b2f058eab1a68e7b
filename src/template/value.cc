#include "template/value.h"

#include <algorithm>

namespace llamba::jinja {
namespace {

int CheckedDepth(int depth) {
  if (depth > kMaxValueDepth) {
    Raise("values are nested deeper than the limit of {} levels",
          kMaxValueDepth);
  }
  return depth;
}

struct TypeNamer {
  std::string operator()(const Value::None&) const { return "NoneType"; }
  std::string operator()(const Value::Undefined&) const { return "Undefined"; }
  std::string operator()(bool) const { return "bool"; }
  std::string operator()(int64_t) const { return "int"; }
  std::string operator()(double) const { return "float"; }
  std::string operator()(const Value::String&) const { return "str"; }
  std::string operator()(const Value::List& list) const {
    return list->tuple ? "tuple" : "list";
  }
  std::string operator()(const Value::Dict&) const { return "dict"; }
  std::string operator()(const Value::ObjectPtr& object) const {
    return object->TypeName();
  }
};

}  // namespace

std::string Object::Repr(int) const {
  return fmt::format("<{} object>", TypeName());
}

bool Object::GetAttr(std::string_view, Value*) const { return false; }

bool Object::GetIndex(int64_t, Value*) const { return false; }

Value Object::Call(Interpreter&, Args&) const {
  Raise("'{}' object is not callable", TypeName());
}

int NestedDepth(const std::vector<Value>& items) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.Depth());
  return CheckedDepth(depth + 1);
}

Value::Value(std::string text) {
  CheckStringSize(text.size());
  WorkOnBytes(text.size());
  data_ = std::make_shared<const StringRep>(std::move(text));
}

Value Value::MakeUndefined(std::string reason) {
  Value value;
  value.data_ = Undefined{std::make_shared<const StringRep>(std::move(reason))};
  return value;
}

Value Value::MakeList(std::vector<Value> items, bool tuple) {
  const int depth = NestedDepth(items);
  Work(static_cast<int64_t>(items.size() / 8));
  Value value;
  value.data_ = std::make_shared<const ListRep>(std::move(items), tuple, depth);
  return value;
}

Value Value::MakeDict(std::vector<std::pair<Value, Value>> items) {
  int depth = 0;
  for (const auto& [key, item] : items) {
    depth = std::max({depth, key.Depth(), item.Depth()});
  }
  Work(static_cast<int64_t>(items.size() / 8));
  Value value;
  value.data_ = std::make_shared<const DictRep>(std::move(items),
                                                CheckedDepth(depth + 1));
  return value;
}

bool Value::IsList() const {
  const List* list = std::get_if<List>(&data_);
  return list != nullptr && !(*list)->tuple;
}

bool Value::IsTuple() const {
  const List* list = std::get_if<List>(&data_);
  return list != nullptr && (*list)->tuple;
}

int64_t Value::AsInt() const {
  if (IsBool()) return AsBool() ? 1 : 0;
  return std::get<int64_t>(data_);
}

double Value::AsDouble() const {
  if (IsFloat()) return std::get<double>(data_);
  return static_cast<double>(AsInt());
}

const std::string& Value::AsString() const {
  return std::get<String>(data_)->text;
}

const std::vector<Value>& Value::Items() const {
  return std::get<List>(data_)->items;
}

const std::vector<std::pair<Value, Value>>& Value::Pairs() const {
  return std::get<Dict>(data_)->items;
}

const std::string& Value::UndefinedReason() const {
  return std::get<Undefined>(data_).reason->text;
}

std::string Value::TypeName() const { return std::visit(TypeNamer{}, data_); }

int Value::Depth() const {
  if (IsSequence()) return std::get<List>(data_)->depth;
  if (IsDict()) return std::get<Dict>(data_)->depth;
  if (IsObject()) return AsObject()->Depth();
  return 0;
}

void Value::RequireDefined() const {
  if (IsUndefined()) Raise("{}", UndefinedReason());
}

bool Value::SameAs(const Value& other) const {
  if (data_.index() != other.data_.index()) return false;
  if (IsNone()) return true;
  if (IsBool() || IsInt()) return AsInt() == other.AsInt();
  if (IsString()) {
    return std::get<String>(data_) == std::get<String>(other.data_);
  }
  if (IsSequence()) return std::get<List>(data_) == std::get<List>(other.data_);
  if (IsDict()) return std::get<Dict>(data_) == std::get<Dict>(other.data_);
  if (IsObject()) return AsObject() == other.AsObject();
  return false;
}

}  // namespace llamba::jinja

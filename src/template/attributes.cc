#include "template/interpreter.h"
#include "template/tables.h"
#include "template/unicode.h"
#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

// An attribute or method; names with an underscore in front are never reached.
bool FindAttribute(const Value& object, std::string_view name, Value* out) {
  if (name.empty() || name[0] == '_') return false;
  if (object.IsObject()) return object.AsObject()->GetAttr(name, out);
  return FindMethod(object, name, out);
}

bool CodePointAt(const std::string& text, int64_t index, Value* out) {
  WorkOnBytes(text.size());
  if (index < 0) index += CodePointCount(text);
  if (index < 0) return false;
  const size_t pos = ByteOffset(text, index);
  if (pos >= text.size()) return false;
  *out = text.substr(pos, CodePointBytes(text, pos));
  return true;
}

// object[key] as Python has it; false where that is a TypeError or LookupError.
bool Subscript(const Value& object, const Value& key, Value* out) {
  if (object.IsDict()) {
    if (key.IsList() || key.IsDict()) return false;
    const Value* item = FindKey(object, key);
    if (item == nullptr) return false;
    *out = *item;
    return true;
  }
  if (!key.IsIntegral()) return false;
  int64_t index = key.AsInt();
  if (object.IsString()) return CodePointAt(object.AsString(), index, out);
  if (object.IsObject()) return object.AsObject()->GetIndex(index, out);
  if (!object.IsSequence()) return false;
  const auto& items = object.Items();
  if (index < 0) index += static_cast<int64_t>(items.size());
  if (index < 0 || index >= static_cast<int64_t>(items.size())) return false;
  *out = items[static_cast<size_t>(index)];
  return true;
}

Value Missing(const Value& object, const Value& key) {
  std::string name = fmt::format("of type {}", key.TypeName());
  if (key.IsString()) name = fmt::format("'{}'", key.AsString().substr(0, 100));
  if (key.IsNumber()) name = Repr(key);
  return Value::MakeUndefined(
      fmt::format("'{}' object has no attribute {}", object.TypeName(), name));
}

}  // namespace

Value Interpreter::GetAttribute(const Value& object,
                                const std::string& name) const {
  object.RequireDefined();
  Value out;
  if (FindAttribute(object, name, &out)) return out;
  if (object.IsDict() && Subscript(object, name, &out)) return out;
  return Missing(object, name);
}

Value Interpreter::GetItem(const Value& object, const Value& key) const {
  object.RequireDefined();
  Value out;
  if (Subscript(object, key, &out)) return out;
  if (key.IsString() && FindAttribute(object, key.AsString(), &out)) return out;
  return Missing(object, key);
}

}  // namespace llamba::jinja

#include "template/attribute_getter.h"

#include <algorithm>
#include <charconv>

#include "template/string_split.h"
#include "template/unicode.h"

namespace llamba::jinja {
namespace {

Value Part(const Value& text) {
  const std::string& name = text.AsString();
  const bool digits = !name.empty() && name.size() < 18 &&
                      std::all_of(name.begin(), name.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return text;
  int64_t index = 0;
  std::from_chars(name.data(), name.data() + name.size(), index);
  return index;
}

}  // namespace

AttributeGetter::AttributeGetter(const Value& attribute) {
  if (attribute.IsNone()) return;
  if (!attribute.IsString()) {
    parts_.push_back(attribute);
    return;
  }
  for (const Value& part : Split(attribute.AsString(), ".", -1)) {
    parts_.push_back(Part(part));
  }
}

Value AttributeGetter::Get(Interpreter& interpreter, Value item) const {
  for (const Value& part : parts_) {
    item = interpreter.GetItem(item, part);
    if (item.IsUndefined() && !default_.IsNone()) item = default_;
  }
  return item;
}

std::vector<AttributeGetter> AttributeGetters(const Value& attribute) {
  std::vector<AttributeGetter> getters;
  if (!attribute.IsString()) {
    getters.emplace_back(attribute);
    return getters;
  }
  for (const Value& part : Split(attribute.AsString(), ",", -1)) {
    getters.emplace_back(part);
  }
  return getters;
}

Value IgnoreCase(const Value& value) {
  return value.IsString() ? Value(ToLower(value.AsString())) : value;
}

}  // namespace llamba::jinja

#ifndef LLAMBA_TEMPLATE_ATTRIBUTE_GETTER_H_
#define LLAMBA_TEMPLATE_ATTRIBUTE_GETTER_H_

#include <vector>

#include "template/interpreter.h"

namespace llamba::jinja {

// What filters mean by attribute="a.b.0": item a, its item b, its item 0. None
// is the value itself.
class AttributeGetter {
 public:
  explicit AttributeGetter(const Value& attribute);
  // Undefined items become `otherwise`, where one is set.
  void SetDefault(Value otherwise) { default_ = std::move(otherwise); }
  Value Get(Interpreter& interpreter, Value item) const;

 private:
  std::vector<Value> parts_;
  Value default_;
};

// Several getters, as sort takes them: "a,b.c".
std::vector<AttributeGetter> AttributeGetters(const Value& attribute);

// Lower case for strings; other values as they are.
Value IgnoreCase(const Value& value);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_ATTRIBUTE_GETTER_H_

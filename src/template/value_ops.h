#ifndef LLAMBA_TEMPLATE_VALUE_OPS_H_
#define LLAMBA_TEMPLATE_VALUE_OPS_H_

#include <memory>
#include <string>
#include <vector>

#include "template/value.h"

namespace llamba::jinja {

// Python's operators and protocols on values. All of them Raise what Python
// raises as TypeError, ValueError or jinja2 as UndefinedError.

bool Truth(const Value& value);
// len(); Raises for what has none.
int64_t Length(const Value& value);
bool IsIterable(const Value& value);
// A cursor over the items (a dict's keys, a string's code points). It keeps the
// value alive.
std::unique_ptr<Cursor> Iterate(const Value& value);
std::vector<Value> ToVector(const Value& value);

bool Equal(const Value& a, const Value& b);
// Negative, zero or positive; `op` ("<") names the operator for the message.
int Compare(const Value& a, const Value& b, const char* op);
// `item in container`.
bool Contains(const Value& container, const Value& item);
// The pair with this key, or null. Raises where the key is unhashable.
const Value* FindKey(const Value& dict, const Value& key);
void RequireHashable(const Value& key);
// Sets or replaces a key in pairs on their way to a dict.
void SetKey(std::vector<std::pair<Value, Value>>* pairs, const Value& key,
            const Value& item);

// str() and repr(). Str of an undefined value is empty.
std::string Str(const Value& value);
std::string Repr(const Value& value, int depth = 0);
std::string ReprFloat(double number);
std::string ReprString(std::string_view text);

// Arithmetic.
Value Add(const Value& a, const Value& b);
Value Subtract(const Value& a, const Value& b);
Value Multiply(const Value& a, const Value& b);
Value Divide(const Value& a, const Value& b);
Value FloorDivide(const Value& a, const Value& b);
Value Modulo(const Value& a, const Value& b);
Value Power(const Value& a, const Value& b);
Value Negate(const Value& a);
Value Plus(const Value& a);

// A float as Python's int() takes it; Raises for what int64 does not hold.
int64_t IntFromDouble(double number);

// text % value, printf style.
std::string PercentFormat(const std::string& format, const Value& value);

// Python's slice: start, stop and step are None or ints.
Value Slice(const Value& value, const Value& start, const Value& stop,
            const Value& step);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_VALUE_OPS_H_

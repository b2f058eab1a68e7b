#ifndef LLAMBA_TEMPLATE_VALUE_H_
#define LLAMBA_TEMPLATE_VALUE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "template/budget.h"

namespace llamba::jinja {

class Interpreter;
class Value;

// Arguments of a call: positional ones, then keywords in the order written.
struct Args {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// A step through an iterable; Next gives false at its end.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool Next(Value* item) = 0;
};

// What is neither a scalar nor a plain container: ranges, generators, views,
// functions, macros, namespaces, loops. The defaults are those of a Python
// object that has none of the protocols.
class Object : public std::enable_shared_from_this<Object> {
 public:
  virtual ~Object() = default;
  // Python's name of the type, for messages.
  virtual std::string TypeName() const = 0;
  virtual std::string Repr(int depth) const;
  virtual bool Truth() const { return true; }
  // Length, or -1 where len() is a TypeError.
  virtual int64_t Length() const { return -1; }
  // Null where the object is not iterable.
  virtual std::unique_ptr<Cursor> Iterate() const { return nullptr; }
  // False where there is no such attribute or item.
  virtual bool GetAttr(std::string_view name, Value* out) const;
  virtual bool GetIndex(int64_t index, Value* out) const;
  virtual bool IsCallable() const { return false; }
  virtual Value Call(Interpreter& interpreter, Args& args) const;
  virtual bool Equals(const Object& other) const { return this == &other; }
  // Nesting of the values that the object owns.
  virtual int Depth() const { return 0; }
};

struct StringRep {
  explicit StringRep(std::string text)
      : charge(text.size() + 64), text(std::move(text)) {}
  Charge charge;
  std::string text;
};

struct ListRep;
struct DictRep;

// A value of the template language, with Python's semantics. Strings, lists and
// dicts are immutable and shared; copying a Value is cheap. Values made while a
// template is rendered belong to one thread.
class Value {
 public:
  struct None {};
  struct Undefined {
    // What using the value says: "'x' is undefined".
    std::shared_ptr<const StringRep> reason;
  };
  using String = std::shared_ptr<const StringRep>;
  using List = std::shared_ptr<const ListRep>;
  using Dict = std::shared_ptr<const DictRep>;
  using ObjectPtr = std::shared_ptr<const Object>;

  Value() : data_(None{}) {}
  Value(bool b) : data_(b) {}
  Value(int64_t i) : data_(i) {}
  Value(int i) : data_(static_cast<int64_t>(i)) {}
  Value(double d) : data_(d) {}
  Value(std::string text);
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(ObjectPtr object) : data_(std::move(object)) {}

  static Value MakeUndefined(std::string reason);
  static Value MakeList(std::vector<Value> items, bool tuple = false);
  static Value MakeTuple(std::vector<Value> items) {
    return MakeList(std::move(items), true);
  }
  // The keys are distinct and hashable.
  static Value MakeDict(std::vector<std::pair<Value, Value>> items);

  bool IsNone() const { return std::holds_alternative<None>(data_); }
  bool IsUndefined() const { return std::holds_alternative<Undefined>(data_); }
  bool IsBool() const { return std::holds_alternative<bool>(data_); }
  // A Python int that is not a bool.
  bool IsInt() const { return std::holds_alternative<int64_t>(data_); }
  bool IsIntegral() const { return IsInt() || IsBool(); }
  bool IsFloat() const { return std::holds_alternative<double>(data_); }
  bool IsNumber() const { return IsIntegral() || IsFloat(); }
  bool IsString() const { return std::holds_alternative<String>(data_); }
  bool IsSequence() const { return std::holds_alternative<List>(data_); }
  bool IsList() const;
  bool IsTuple() const;
  bool IsDict() const { return std::holds_alternative<Dict>(data_); }
  bool IsObject() const { return std::holds_alternative<ObjectPtr>(data_); }

  // Each needs the kind that its name says.
  bool AsBool() const { return std::get<bool>(data_); }
  // Of an int or a bool.
  int64_t AsInt() const;
  // Of any number.
  double AsDouble() const;
  const std::string& AsString() const;
  const std::vector<Value>& Items() const;
  const std::vector<std::pair<Value, Value>>& Pairs() const;
  const ObjectPtr& AsObject() const { return std::get<ObjectPtr>(data_); }
  const std::string& UndefinedReason() const;

  // The object as T, or null where it is none.
  template <typename T>
  const T* As() const {
    return IsObject() ? dynamic_cast<const T*>(AsObject().get()) : nullptr;
  }

  // Python's type name: "str", "NoneType".
  std::string TypeName() const;
  // Levels of containers in it: 0 for a scalar.
  int Depth() const;
  // Raises where the value is undefined.
  void RequireDefined() const;
  // Whether both share one representation (Python's `is`, as far as it goes).
  bool SameAs(const Value& other) const;

 private:
  std::variant<None, Undefined, bool, int64_t, double, String, List, Dict,
               ObjectPtr>
      data_;
};

struct ListRep {
  ListRep(std::vector<Value> items, bool tuple, int depth)
      : charge(items.size() * sizeof(Value) + 64),
        items(std::move(items)),
        tuple(tuple),
        depth(depth) {}
  Charge charge;
  std::vector<Value> items;
  bool tuple;
  int depth;
};

struct DictRep {
  DictRep(std::vector<std::pair<Value, Value>> items, int depth)
      : charge(items.size() * 2 * sizeof(Value) + 64),
        items(std::move(items)),
        depth(depth) {}
  Charge charge;
  std::vector<std::pair<Value, Value>> items;
  int depth;
};

// 1 + the greatest depth of `items`; Raises beyond kMaxValueDepth.
int NestedDepth(const std::vector<Value>& items);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_VALUE_H_

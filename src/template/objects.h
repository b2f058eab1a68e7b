#ifndef LLAMBA_TEMPLATE_OBJECTS_H_
#define LLAMBA_TEMPLATE_OBJECTS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "template/value.h"

namespace llamba::jinja {

// range(): never stored as a list.
class RangeObject : public Object {
 public:
  RangeObject(int64_t start, int64_t stop, int64_t step);
  std::string TypeName() const override { return "range"; }
  std::string Repr(int depth) const override;
  bool Truth() const override { return length_ > 0; }
  int64_t Length() const override { return length_; }
  std::unique_ptr<Cursor> Iterate() const override;
  bool GetIndex(int64_t index, Value* out) const override;
  bool Equals(const Object& other) const override;
  int64_t At(int64_t index) const { return start_ + index * step_; }
  // range[start:stop:step], the bounds being those that Python resolves.
  RangeObject Part(int64_t start, int64_t stop, int64_t step) const;

 private:
  int64_t start_, stop_, step_, length_;
};

// A generator or iterator: items come once, in order; no length, always true.
class IteratorObject : public Object {
 public:
  // `type` is Python's name of it: "generator", "list_reverseiterator".
  IteratorObject(std::string type, std::vector<Value> items);
  std::string TypeName() const override { return type_; }
  std::unique_ptr<Cursor> Iterate() const override;
  int Depth() const override { return depth_; }
  bool Pull(Value* item) const;

 private:
  std::string type_;
  std::vector<Value> items_;
  int depth_;
  Charge charge_;
  // Iterators are consumed through const values, as everything here is shared.
  mutable size_t next_ = 0;
};

// dict.items(), .keys() and .values().
class DictView : public Object {
 public:
  enum class Part { kItems, kKeys, kValues };
  DictView(Value dict, Part part);
  std::string TypeName() const override;
  std::string Repr(int depth) const override;
  bool Truth() const override { return Length() > 0; }
  int64_t Length() const override;
  std::unique_ptr<Cursor> Iterate() const override;
  int Depth() const override { return depth_; }
  Value At(size_t index) const;

 private:
  Value dict_;
  Part part_;
  int depth_;
};

// namespace(...): the one object whose attributes a template may set. The
// interpreter clears it when the rendering ends, so that a namespace that holds
// itself is freed.
class NamespaceObject : public Object {
 public:
  std::string TypeName() const override { return "TemplateNamespace"; }
  std::string Repr(int depth) const override;
  bool GetAttr(std::string_view name, Value* out) const override;
  void Set(const std::string& name, Value value) const;
  void Clear() const { attributes_.clear(); }

 private:
  mutable std::vector<std::pair<std::string, Value>> attributes_;
  Charge charge_{128};
};

// A callable of the language: a global function or a method bound to its value.
class FunctionObject : public Object {
 public:
  using Body = std::function<Value(Interpreter&, Args&)>;
  FunctionObject(std::string name, Body body, int depth = 0);
  std::string TypeName() const override { return "builtin_function_or_method"; }
  std::string Repr(int depth) const override;
  bool IsCallable() const override { return true; }
  Value Call(Interpreter& interpreter, Args& args) const override {
    return body_(interpreter, args);
  }
  int Depth() const override { return depth_; }

 private:
  std::string name_;
  Body body_;
  int depth_;
  Charge charge_{128};
};

// joiner(sep): empty the first time that it is called, then sep.
class JoinerObject : public Object {
 public:
  explicit JoinerObject(Value separator) : separator_(std::move(separator)) {}
  std::string TypeName() const override { return "Joiner"; }
  bool IsCallable() const override { return true; }
  Value Call(Interpreter& interpreter, Args& args) const override;
  int Depth() const override { return separator_.Depth(); }

 private:
  Value separator_;
  mutable bool used_ = false;
  Charge charge_{64};
};

// cycler(a, b, ...): next(), reset(), current.
class CyclerObject : public Object {
 public:
  explicit CyclerObject(std::vector<Value> items);
  std::string TypeName() const override { return "Cycler"; }
  bool GetAttr(std::string_view name, Value* out) const override;
  int Depth() const override { return items_.Depth(); }

 private:
  Value items_;
  mutable size_t position_ = 0;
};

// A value for the object, with its depth checked.
Value MakeObject(std::shared_ptr<const Object> object);
Value MakeIterator(std::string type, std::vector<Value> items);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_OBJECTS_H_

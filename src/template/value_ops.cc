#include "template/value_ops.h"

#include <cmath>

#include "template/unicode.h"

namespace llamba::jinja {
namespace {

class StringCursor : public Cursor {
 public:
  explicit StringCursor(Value text) : text_(std::move(text)) {}
  bool Next(Value* item) override {
    const std::string& text = text_.AsString();
    if (pos_ >= text.size()) return false;
    const size_t bytes = CodePointBytes(text, pos_);
    *item = text.substr(pos_, bytes);
    pos_ += bytes;
    return true;
  }

 private:
  Value text_;
  size_t pos_ = 0;
};

class ListCursor : public Cursor {
 public:
  explicit ListCursor(Value list) : list_(std::move(list)) {}
  bool Next(Value* item) override {
    if (index_ >= list_.Items().size()) return false;
    *item = list_.Items()[index_++];
    return true;
  }

 private:
  Value list_;
  size_t index_ = 0;
};

class KeyCursor : public Cursor {
 public:
  explicit KeyCursor(Value dict) : dict_(std::move(dict)) {}
  bool Next(Value* item) override {
    if (index_ >= dict_.Pairs().size()) return false;
    *item = dict_.Pairs()[index_++].first;
    return true;
  }

 private:
  Value dict_;
  size_t index_ = 0;
};

class EmptyCursor : public Cursor {
 public:
  bool Next(Value*) override { return false; }
};

// Null where the value is not iterable.
std::unique_ptr<Cursor> TryIterate(const Value& value) {
  if (value.IsString()) return std::make_unique<StringCursor>(value);
  if (value.IsSequence()) return std::make_unique<ListCursor>(value);
  if (value.IsDict()) return std::make_unique<KeyCursor>(value);
  if (value.IsUndefined()) return std::make_unique<EmptyCursor>();
  if (value.IsObject()) return value.AsObject()->Iterate();
  return nullptr;
}

// Exact where one side is an int that a double does not hold.
int CompareNumbers(const Value& a, const Value& b) {
  if (a.IsIntegral() && b.IsIntegral()) {
    return a.AsInt() < b.AsInt() ? -1 : a.AsInt() > b.AsInt();
  }
  const auto x =
      static_cast<long double>(a.IsFloat() ? a.AsDouble() : a.AsInt());
  const auto y =
      static_cast<long double>(b.IsFloat() ? b.AsDouble() : b.AsInt());
  return x < y ? -1 : x > y;
}

bool NumbersEqual(const Value& a, const Value& b) {
  const auto nan = [](const Value& v) {
    return v.IsFloat() && std::isnan(v.AsDouble());
  };
  return !nan(a) && !nan(b) && CompareNumbers(a, b) == 0;
}

bool SequencesEqual(const std::vector<Value>& a, const std::vector<Value>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!Equal(a[i], b[i])) return false;
  }
  return true;
}

bool DictsEqual(const Value& a, const Value& b) {
  if (a.Pairs().size() != b.Pairs().size()) return false;
  for (const auto& [key, item] : a.Pairs()) {
    const Value* other = FindKey(b, key);
    if (other == nullptr || !Equal(item, *other)) return false;
  }
  return true;
}

int CompareSequences(const Value& a, const Value& b, const char* op) {
  const auto& x = a.Items();
  const auto& y = b.Items();
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    if (!Equal(x[i], y[i])) return Compare(x[i], y[i], op);
  }
  return x.size() < y.size() ? -1 : x.size() > y.size();
}

}  // namespace

bool Truth(const Value& value) {
  if (value.IsBool()) return value.AsBool();
  if (value.IsNone() || value.IsUndefined()) return false;
  if (value.IsInt()) return value.AsInt() != 0;
  if (value.IsFloat()) return value.AsDouble() != 0;
  if (value.IsString()) return !value.AsString().empty();
  if (value.IsSequence()) return !value.Items().empty();
  if (value.IsDict()) return !value.Pairs().empty();
  return value.AsObject()->Truth();
}

int64_t Length(const Value& value) {
  if (value.IsString()) {
    WorkOnBytes(value.AsString().size());
    return CodePointCount(value.AsString());
  }
  if (value.IsSequence()) return static_cast<int64_t>(value.Items().size());
  if (value.IsDict()) return static_cast<int64_t>(value.Pairs().size());
  if (value.IsUndefined()) return 0;
  const int64_t length = value.IsObject() ? value.AsObject()->Length() : -1;
  if (length < 0) Raise("object of type '{}' has no len()", value.TypeName());
  return length;
}

bool IsIterable(const Value& value) { return TryIterate(value) != nullptr; }

std::unique_ptr<Cursor> Iterate(const Value& value) {
  std::unique_ptr<Cursor> cursor = TryIterate(value);
  if (cursor == nullptr) {
    Raise("'{}' object is not iterable", value.TypeName());
  }
  return cursor;
}

std::vector<Value> ToVector(const Value& value) {
  if (value.IsSequence()) {
    Work(static_cast<int64_t>(value.Items().size() / 8));
    CheckRoom(value.Items().size() * sizeof(Value));
    return value.Items();
  }
  const std::unique_ptr<Cursor> cursor = Iterate(value);
  std::vector<Value> items;
  Charge charge;
  for (Value item; cursor->Next(&item);) {
    Work(1);
    charge.Grow(sizeof(Value));
    items.push_back(item);
  }
  return items;
}

bool Equal(const Value& a, const Value& b) {
  Work(1);
  if (a.IsNumber() && b.IsNumber()) return NumbersEqual(a, b);
  if (a.IsString() && b.IsString()) {
    if (a.AsString().size() != b.AsString().size()) return false;
    WorkOnBytes(a.AsString().size());
    return a.AsString() == b.AsString();
  }
  if (a.IsNone() || b.IsNone()) return a.IsNone() && b.IsNone();
  if (a.IsUndefined() || b.IsUndefined()) {
    return a.IsUndefined() && b.IsUndefined();
  }
  if (a.IsSequence() && b.IsSequence()) {
    return a.IsTuple() == b.IsTuple() && SequencesEqual(a.Items(), b.Items());
  }
  if (a.IsDict() && b.IsDict()) return DictsEqual(a, b);
  return a.IsObject() && b.IsObject() && a.AsObject()->Equals(*b.AsObject());
}

int Compare(const Value& a, const Value& b, const char* op) {
  Work(1);
  if (a.IsNumber() && b.IsNumber()) return CompareNumbers(a, b);
  if (a.IsString() && b.IsString()) {
    WorkOnBytes(std::min(a.AsString().size(), b.AsString().size()));
    // UTF-8 sorts as the code points do.
    return a.AsString().compare(b.AsString());
  }
  a.RequireDefined();
  b.RequireDefined();
  if (a.IsSequence() && b.IsSequence() && a.IsTuple() == b.IsTuple()) {
    return CompareSequences(a, b, op);
  }
  Raise("'{}' not supported between instances of '{}' and '{}'", op,
        a.TypeName(), b.TypeName());
}

bool Contains(const Value& container, const Value& item) {
  if (container.IsString()) {
    item.RequireDefined();
    if (!item.IsString()) {
      Raise("'in <string>' requires string as left operand, not {}",
            item.TypeName());
    }
    WorkOnBytes(container.AsString().size() *
                std::max<size_t>(item.AsString().size(), 1));
    return container.AsString().find(item.AsString()) != std::string::npos;
  }
  if (container.IsDict()) return FindKey(container, item) != nullptr;
  if (!IsIterable(container)) {
    Raise("argument of type '{}' is not iterable", container.TypeName());
  }
  const std::unique_ptr<Cursor> cursor = Iterate(container);
  for (Value other; cursor->Next(&other);) {
    if (other.SameAs(item) || Equal(other, item)) return true;
  }
  return false;
}

void RequireHashable(const Value& key) {
  if (key.IsList() || key.IsDict()) {
    Raise("unhashable type: '{}'", key.TypeName());
  }
  if (key.IsTuple()) {
    for (const Value& item : key.Items()) RequireHashable(item);
  }
}

const Value* FindKey(const Value& dict, const Value& key) {
  RequireHashable(key);
  for (const auto& [name, item] : dict.Pairs()) {
    if (Equal(name, key)) return &item;
  }
  return nullptr;
}

void SetKey(std::vector<std::pair<Value, Value>>* pairs, const Value& key,
            const Value& item) {
  RequireHashable(key);
  for (auto& [name, old] : *pairs) {
    if (Equal(name, key)) {
      old = item;
      return;
    }
  }
  CheckRoom((pairs->size() + 1) * 2 * sizeof(Value));
  pairs->emplace_back(key, item);
}

}  // namespace llamba::jinja

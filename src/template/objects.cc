#include "template/objects.h"

#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

// A cursor over anything that answers for an index; `owner` stays alive.
template <typename Owner>
class IndexCursor : public Cursor {
 public:
  explicit IndexCursor(std::shared_ptr<const Owner> owner)
      : owner_(std::move(owner)), length_(owner_->Length()) {}
  bool Next(Value* item) override {
    if (index_ >= length_) return false;
    *item = owner_->At(index_++);
    return true;
  }

 private:
  std::shared_ptr<const Owner> owner_;
  int64_t index_ = 0, length_;
};

class IteratorCursor : public Cursor {
 public:
  explicit IteratorCursor(std::shared_ptr<const IteratorObject> owner)
      : owner_(std::move(owner)) {}
  bool Next(Value* item) override { return owner_->Pull(item); }

 private:
  std::shared_ptr<const IteratorObject> owner_;
};

template <typename T>
std::shared_ptr<const T> SelfAs(const T* object) {
  return std::static_pointer_cast<const T>(object->shared_from_this());
}

// What sandboxed Jinja allows of range().
constexpr int64_t kMaxRange = 100000;

int64_t RangeLength(int64_t start, int64_t stop, int64_t step) {
  const __int128 distance = static_cast<__int128>(stop) - start;
  const __int128 length =
      step > 0 ? (distance + step - 1) / step : (distance + step + 1) / step;
  if (length <= 0 || (distance > 0) != (step > 0)) return 0;
  if (length > kMaxRange) {
    Raise("range is longer than the limit of {} items", kMaxRange);
  }
  return static_cast<int64_t>(length);
}

}  // namespace

RangeObject::RangeObject(int64_t start, int64_t stop, int64_t step)
    : start_(start),
      stop_(stop),
      step_(step),
      length_(RangeLength(start, stop, step)) {}

std::string RangeObject::Repr(int) const {
  if (step_ == 1) return fmt::format("range({}, {})", start_, stop_);
  return fmt::format("range({}, {}, {})", start_, stop_, step_);
}

std::unique_ptr<Cursor> RangeObject::Iterate() const {
  return std::make_unique<IndexCursor<RangeObject>>(SelfAs(this));
}

bool RangeObject::GetIndex(int64_t index, Value* out) const {
  if (index < 0) index += length_;
  if (index < 0 || index >= length_) return false;
  *out = At(index);
  return true;
}

RangeObject RangeObject::Part(int64_t start, int64_t stop, int64_t step) const {
  int64_t part_step = 0;
  if (__builtin_mul_overflow(step_, step, &part_step)) {
    Raise("an integer exceeds 64 bits");
  }
  return RangeObject(At(start), At(stop), part_step);
}

bool RangeObject::Equals(const Object& other) const {
  const auto* range = dynamic_cast<const RangeObject*>(&other);
  if (range == nullptr || range->length_ != length_) return false;
  if (length_ == 0) return true;
  return start_ == range->start_ && (length_ == 1 || step_ == range->step_);
}

IteratorObject::IteratorObject(std::string type, std::vector<Value> items)
    : type_(std::move(type)),
      items_(std::move(items)),
      depth_(NestedDepth(items_)),
      charge_(items_.size() * sizeof(Value) + 64) {}

std::unique_ptr<Cursor> IteratorObject::Iterate() const {
  return std::make_unique<IteratorCursor>(SelfAs(this));
}

bool IteratorObject::Pull(Value* item) const {
  if (next_ >= items_.size()) return false;
  *item = items_[next_++];
  return true;
}

DictView::DictView(Value dict, Part part)
    : dict_(std::move(dict)), part_(part), depth_(NestedDepth({dict_})) {}

std::string DictView::TypeName() const {
  constexpr const char* kNames[] = {"dict_items", "dict_keys", "dict_values"};
  return kNames[static_cast<int>(part_)];
}

std::string DictView::Repr(int depth) const {
  std::vector<Value> items;
  for (int64_t i = 0; i < Length(); ++i) items.push_back(At(i));
  return TypeName() + "(" +
         jinja::Repr(Value::MakeList(std::move(items)), depth + 1) + ")";
}

int64_t DictView::Length() const {
  return static_cast<int64_t>(dict_.Pairs().size());
}

std::unique_ptr<Cursor> DictView::Iterate() const {
  return std::make_unique<IndexCursor<DictView>>(SelfAs(this));
}

Value DictView::At(size_t index) const {
  const auto& [key, item] = dict_.Pairs()[index];
  if (part_ == Part::kKeys) return key;
  if (part_ == Part::kValues) return item;
  return Value::MakeTuple({key, item});
}

std::string NamespaceObject::Repr(int depth) const {
  std::vector<std::pair<Value, Value>> pairs;
  for (const auto& [name, value] : attributes_) pairs.emplace_back(name, value);
  return "<Namespace " +
         jinja::Repr(Value::MakeDict(std::move(pairs)), depth + 1) + ">";
}

bool NamespaceObject::GetAttr(std::string_view name, Value* out) const {
  for (const auto& [key, value] : attributes_) {
    if (key == name) {
      *out = value;
      return true;
    }
  }
  return false;
}

void NamespaceObject::Set(const std::string& name, Value value) const {
  if (!name.empty() && name[0] == '_') {
    Raise("a namespace cannot hold the underscore-prefixed attribute '{}'",
          name);
  }
  Work(static_cast<int64_t>(attributes_.size() / 8));
  for (auto& [key, old] : attributes_) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  CheckRoom(name.size() + 64 * attributes_.size());
  attributes_.emplace_back(name, std::move(value));
}

FunctionObject::FunctionObject(std::string name, Body body, int depth)
    : name_(std::move(name)), body_(std::move(body)), depth_(depth) {}

std::string FunctionObject::Repr(int) const {
  return "<function " + name_ + ">";
}

Value JoinerObject::Call(Interpreter&, Args&) const {
  if (used_) return separator_;
  used_ = true;
  return "";
}

CyclerObject::CyclerObject(std::vector<Value> items)
    : items_(Value::MakeTuple(std::move(items))) {
  if (items_.Items().empty()) Raise("cycler() needs at least one item");
}

bool CyclerObject::GetAttr(std::string_view name, Value* out) const {
  const auto self = SelfAs(this);
  if (name == "current") {
    *out = items_.Items()[position_];
  } else if (name == "next") {
    *out = MakeObject(std::make_shared<FunctionObject>(
        "next",
        [self](Interpreter&, Args&) {
          const size_t now = self->position_;
          self->position_ = (now + 1) % self->items_.Items().size();
          return self->items_.Items()[now];
        },
        Depth() + 1));
  } else if (name == "reset") {
    *out = MakeObject(std::make_shared<FunctionObject>(
        "reset",
        [self](Interpreter&, Args&) {
          self->position_ = 0;
          return Value();
        },
        Depth() + 1));
  } else {
    return false;
  }
  return true;
}

Value MakeObject(std::shared_ptr<const Object> object) {
  if (object->Depth() > kMaxValueDepth) {
    Raise("values are nested deeper than the limit of {} levels",
          kMaxValueDepth);
  }
  return Value(std::move(object));
}

Value MakeIterator(std::string type, std::vector<Value> items) {
  return MakeObject(
      std::make_shared<IteratorObject>(std::move(type), std::move(items)));
}

}  // namespace llamba::jinja

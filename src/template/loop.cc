#include "template/loop.h"

#include "template/value_ops.h"

namespace llamba::jinja {
namespace {

// The items for which the loop's `if` condition holds.
class FilteredCursor : public Cursor {
 public:
  FilteredCursor(Interpreter* interpreter, const ForStmt& stmt, Scope* outer,
                 std::unique_ptr<Cursor> items)
      : interpreter_(interpreter),
        stmt_(stmt),
        outer_(outer),
        items_(std::move(items)) {}

  bool Next(Value* item) override {
    while (items_->Next(item)) {
      const Interpreter::ScopeGuard scope(interpreter_, outer_);
      interpreter_->Assign(stmt_.target, *item);
      if (Truth(interpreter_->Eval(*stmt_.filter))) return true;
    }
    return false;
  }

 private:
  Interpreter* interpreter_;
  const ForStmt& stmt_;
  Scope* outer_;
  std::unique_ptr<Cursor> items_;
};

Value OrUndefined(const std::optional<Value>& value, const char* reason) {
  return value.has_value() ? *value : Value::MakeUndefined(reason);
}

// Lets the loop go when its statement ends, however it ends.
class CloseGuard {
 public:
  explicit CloseGuard(const LoopObject& loop) : loop_(loop) {}
  ~CloseGuard() { loop_.Close(); }
  CloseGuard(const CloseGuard&) = delete;
  CloseGuard& operator=(const CloseGuard&) = delete;

 private:
  const LoopObject& loop_;
};

}  // namespace

LoopObject::LoopObject(Interpreter* interpreter, const ForStmt& stmt,
                       Value iterable, Scope* outer, int depth)
    : stmt_(stmt),
      iterable_(std::move(iterable)),
      outer_(outer),
      depth_(depth),
      value_depth_(NestedDepth({iterable_})),
      cursor_(jinja::Iterate(iterable_)) {
  if (stmt.filter != nullptr) {
    cursor_ = std::make_unique<FilteredCursor>(interpreter, stmt, outer,
                                               std::move(cursor_));
  } else if (iterable_.IsSequence() || iterable_.IsDict() ||
             iterable_.IsString() || iterable_.IsUndefined()) {
    length_ = jinja::Length(iterable_);
  } else if (iterable_.IsObject()) {
    length_ = iterable_.AsObject()->Length();
  }
}

const std::optional<Value>& LoopObject::PeekNext() const {
  if (after_.has_value()) return after_;
  if (ahead_next_ < ahead_.size()) {
    after_ = ahead_[ahead_next_++];
    return after_;
  }
  Value item;
  if (cursor_ != nullptr && cursor_->Next(&item)) after_ = item;
  return after_;
}

bool LoopObject::Advance(Value* item) const {
  if (!PeekNext().has_value()) return false;
  Work(1);
  *item = *after_;
  after_.reset();
  ++index0_;
  before_ = std::move(current_);
  current_ = *item;
  return true;
}

int64_t LoopObject::Length() const {
  if (length_ >= 0) return length_;
  // Without a length of its own the rest is taken at once.
  Value item;
  while (cursor_ != nullptr && cursor_->Next(&item)) {
    CheckRoom((ahead_.size() + 1) * sizeof(Value));
    ahead_.push_back(item);
  }
  length_ = static_cast<int64_t>(ahead_.size() - ahead_next_) + index0_ + 1 +
            (after_.has_value() ? 1 : 0);
  return length_;
}

std::string LoopObject::Repr(int) const {
  return fmt::format("<LoopContext {}/{}>", index0_ + 1, Length());
}

bool LoopObject::GetAttr(std::string_view name, Value* out) const {
  if (name == "index") {
    *out = index0_ + 1;
  } else if (name == "index0") {
    *out = index0_;
  } else if (name == "first") {
    *out = index0_ == 0;
  } else if (name == "last") {
    *out = !PeekNext().has_value();
  } else if (name == "length") {
    *out = Length();
  } else if (name == "revindex") {
    *out = Length() - index0_;
  } else if (name == "revindex0") {
    *out = Length() - index0_ - 1;
  } else if (name == "depth") {
    *out = depth_ + 1;
  } else if (name == "depth0") {
    *out = depth_;
  } else if (name == "previtem") {
    *out = OrUndefined(before_, "there is no previous item");
  } else if (name == "nextitem") {
    *out = OrUndefined(PeekNext(), "there is no next item");
  } else if (name == "cycle" || name == "changed") {
    *out = Method(name);
  } else {
    return false;
  }
  return true;
}

Value LoopObject::Method(std::string_view name) const {
  const auto self =
      std::static_pointer_cast<const LoopObject>(shared_from_this());
  const auto cycle = [self](Interpreter&, Args& args) {
    if (args.positional.empty()) Raise("loop.cycle() needs items");
    const size_t n = args.positional.size();
    return args.positional[static_cast<size_t>(self->index0_) % n];
  };
  const auto changed = [self](Interpreter&, Args& args) {
    Value now = Value::MakeTuple(args.positional);
    if (self->last_changed_.has_value() && Equal(*self->last_changed_, now)) {
      return Value(false);
    }
    // Past its end a loop that held itself would never be freed.
    if (self->cursor_ != nullptr) self->last_changed_ = std::move(now);
    return Value(true);
  };
  if (name == "cycle") {
    return MakeObject(
        std::make_shared<FunctionObject>("cycle", cycle, value_depth_ + 1));
  }
  return MakeObject(
      std::make_shared<FunctionObject>("changed", changed, value_depth_ + 1));
}

Value LoopObject::Call(Interpreter& interpreter, Args& args) const {
  if (!stmt_.recursive) Raise("only a loop marked 'recursive' can be called");
  if (args.positional.size() != 1 || !args.named.empty()) {
    Raise("loop() takes one argument");
  }
  if (cursor_ == nullptr) Raise("the loop is called after its end");
  Interpreter::Capture output(&interpreter);
  RunLoop(interpreter, stmt_, args.positional[0], outer_, depth_ + 1);
  return output.Take();
}

Flow RunLoop(Interpreter& interpreter, const ForStmt& stmt,
             const Value& iterable, Scope* outer, int depth) {
  const auto loop = std::make_shared<const LoopObject>(&interpreter, stmt,
                                                       iterable, outer, depth);
  const CloseGuard guard(*loop);
  const Value loop_value = MakeObject(loop);
  // As in jinja2, the else block also follows a loop whose every body was left
  // by break or continue.
  bool completed = false;
  for (Value item; loop->Advance(&item);) {
    const Interpreter::ScopeGuard scope(&interpreter, outer);
    interpreter.Bind(kLoop, loop_value);
    interpreter.Assign(stmt.target, item);
    const Flow flow = interpreter.Exec(stmt.body);
    if (flow == Flow::kBreak) break;
    completed |= flow == Flow::kNormal;
  }
  if (completed || stmt.otherwise.empty()) return Flow::kNormal;
  const Interpreter::ScopeGuard scope(&interpreter, outer);
  return interpreter.Exec(stmt.otherwise);
}

}  // namespace llamba::jinja

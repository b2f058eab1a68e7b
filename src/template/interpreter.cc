#include "template/interpreter.h"

#include "template/tables.h"
#include "template/value_ops.h"

namespace llamba::jinja {

Interpreter::Interpreter(const Program& program,
                         const std::vector<std::optional<Value>>& variables,
                         const std::tm& now)
    : program_(program), variables_(variables), now_(now) {}

Interpreter::~Interpreter() {
  for (const auto& object : namespaces_) object->Clear();
}

std::string Interpreter::Run() {
  Capture output(this);
  Exec(program_.body);
  return output.Take();
}

Value Interpreter::Eval(const Expr& expr) {
  const Level level(this);
  const int line = line_;
  line_ = expr.line;
  Value value = expr.Eval(*this);
  line_ = line;
  return value;
}

Flow Interpreter::Exec(const Block& block) {
  const Level level(this);
  for (const auto& stmt : block) {
    Work(1);
    line_ = stmt->line;
    const Flow flow = stmt->Exec(*this);
    if (flow != Flow::kNormal) return flow;
  }
  return Flow::kNormal;
}

void Interpreter::Emit(std::string_view text) {
  CheckStringSize(output_->text_.size() + text.size());
  WorkOnBytes(text.size());
  output_->charge_.Grow(text.size());
  output_->text_ += text;
}

Value Interpreter::Lookup(Symbol symbol) const {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->parent) {
    for (const auto& [name, value] : scope->names) {
      if (name == symbol) return value;
    }
  }
  if (variables_[symbol].has_value()) return *variables_[symbol];
  const std::string& name = program_.names[symbol];
  Value global;
  if (FindGlobal(name, &global)) return global;
  return Value::MakeUndefined("'" + name + "' is undefined");
}

void Interpreter::Bind(Symbol symbol, const Value& value) {
  for (auto& [name, old] : scope_->names) {
    if (name == symbol) {
      old = value;
      return;
    }
  }
  scope_->names.emplace_back(symbol, value);
}

void Interpreter::Assign(const Target& target, const Value& value) {
  if (target.kind == Target::Kind::kName) {
    Bind(target.symbol, value);
  } else if (target.kind == Target::Kind::kAttribute) {
    AssignAttribute(target, value);
  } else {
    Unpack(target, value);
  }
}

void Interpreter::AssignAttribute(const Target& target, const Value& value) {
  const Value object = Lookup(target.symbol);
  const auto* name_space = object.As<NamespaceObject>();
  if (name_space == nullptr) {
    Raise("cannot assign the attribute '{}' of '{}', which is no namespace",
          target.attribute, program_.names[target.symbol]);
  }
  name_space->Set(target.attribute, value);
}

void Interpreter::Unpack(const Target& target, const Value& value) {
  if (!IsIterable(value)) {
    Raise("cannot unpack non-iterable {} object", value.TypeName());
  }
  const std::vector<Value> items = ToVector(value);
  if (items.size() != target.items.size()) {
    Raise("{} values to unpack, expected {}", items.size(),
          target.items.size());
  }
  for (size_t i = 0; i < items.size(); ++i) Assign(target.items[i], items[i]);
}

Scope* Interpreter::CaptureScope() {
  for (Scope* scope = scope_; scope != nullptr && !scope->captured;
       scope = scope->parent) {
    scope->captured = true;
    scope->charge.Grow(sizeof(Scope));
  }
  return scope_;
}

Args Interpreter::EvalArguments(const ArgumentList& list) {
  Args args;
  for (const ExprPtr& expr : list.positional) {
    args.positional.push_back(Eval(*expr));
  }
  for (const auto& [name, expr] : list.named) {
    args.named.emplace_back(name, Eval(*expr));
  }
  if (list.more_positional != nullptr) {
    for (Value& value : ToVector(Eval(*list.more_positional))) {
      args.positional.push_back(std::move(value));
    }
  }
  if (list.more_named != nullptr) {
    const Value dict = Eval(*list.more_named);
    if (!dict.IsDict()) {
      Raise("the argument after ** must be a mapping, not {}", dict.TypeName());
    }
    for (const auto& [key, value] : dict.Pairs()) {
      if (!key.IsString()) Raise("keywords must be strings");
      args.named.emplace_back(key.AsString(), value);
    }
  }
  return args;
}

Value Interpreter::Call(const Value& callee, Args& args) {
  callee.RequireDefined();
  if (!callee.IsObject()) {
    Raise("'{}' object is not callable", callee.TypeName());
  }
  const Level level(this);
  // A copy: what `callee` refers to may be the last to hold the object.
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
  const Value::ObjectPtr object = callee.AsObject();
  return object->Call(*this, args);
}

void Interpreter::Register(std::shared_ptr<const NamespaceObject> object) {
  namespaces_.push_back(std::move(object));
}

Interpreter::ScopeGuard::ScopeGuard(Interpreter* interpreter, Scope* parent)
    : interpreter_(interpreter),
      former_(interpreter->scope_),
      scope_(std::make_unique<Scope>()) {
  // A scope costs as much as several nodes.
  Work(8);
  scope_->parent = parent;
  interpreter_->scope_ = scope_.get();
}

Interpreter::ScopeGuard::~ScopeGuard() {
  interpreter_->scope_ = former_;
  if (scope_->captured) interpreter_->kept_.push_back(std::move(scope_));
}

Interpreter::Capture::Capture(Interpreter* interpreter)
    : interpreter_(interpreter), former_(interpreter->output_) {
  interpreter_->output_ = this;
}

Interpreter::Capture::~Capture() { interpreter_->output_ = former_; }

Interpreter::Level::Level(Interpreter* interpreter)
    : interpreter_(interpreter) {
  Work(1);
  const int limit = CurrentBudget()->limits().depth;
  if (interpreter_->depth_ >= limit) {
    Raise("the evaluation is nested deeper than the limit of {} levels", limit);
  }
  ++interpreter_->depth_;
}

}  // namespace llamba::jinja

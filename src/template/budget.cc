#include "template/budget.h"

namespace llamba::jinja {
namespace {

thread_local Budget* current_budget = nullptr;

}  // namespace

void Budget::CheckRoom(size_t bytes) const {
  if (bytes > limits_.memory || live_ > limits_.memory - bytes) {
    Raise("the values need more than the limit of {} bytes of memory",
          limits_.memory);
  }
}

void Budget::Work(int64_t units) {
  if (units > limits_.work - work_) {
    Raise("the rendering needs more than the limit of {} steps", limits_.work);
  }
  work_ += units;
}

BudgetScope::BudgetScope(Budget* budget) : former_(current_budget) {
  current_budget = budget;
}

BudgetScope::~BudgetScope() { current_budget = former_; }

Budget* CurrentBudget() { return current_budget; }

void Work(int64_t units) {
  if (current_budget != nullptr) current_budget->Work(units);
}

void WorkOnBytes(size_t bytes) { Work(static_cast<int64_t>(bytes / 64)); }

void CheckRoom(size_t bytes) {
  if (current_budget != nullptr) current_budget->CheckRoom(bytes);
}

void CheckStringSize(size_t bytes) {
  if (current_budget == nullptr) return;
  const size_t limit = current_budget->limits().string;
  if (bytes > limit) {
    Raise("a text is longer than the limit of {} bytes", limit);
  }
}

Charge::Charge(size_t bytes) : budget_(current_budget) { Grow(bytes); }

Charge::~Charge() {
  if (budget_ != nullptr) budget_->Release(bytes_);
}

void Charge::Grow(size_t bytes) {
  if (budget_ == nullptr) return;
  budget_->Add(bytes);
  bytes_ += bytes;
}

}  // namespace llamba::jinja

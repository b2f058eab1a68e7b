#ifndef LLAMBA_TEMPLATE_BUDGET_H_
#define LLAMBA_TEMPLATE_BUDGET_H_

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace llamba::jinja {

// What goes wrong while a template is parsed or rendered, before the line is
// known; Template turns it into llamba::Error with name and line.
class TemplateError : public std::runtime_error {
 public:
  explicit TemplateError(const std::string& message)
      : std::runtime_error(message) {}
};

template <typename... Args>
[[noreturn]] void Raise(fmt::format_string<Args...> format, Args&&... args) {
  throw TemplateError(fmt::format(format, std::forward<Args>(args)...));
}

// Bounds of one rendering, so that an untrusted template can neither hang nor
// exhaust memory.
struct Limits {
  // Bytes of all live values and buffers together.
  size_t memory = size_t{256} << 20;
  // Bytes of one string, the output included.
  size_t string = size_t{64} << 20;
  // Nodes evaluated, plus one for every 64 bytes that an operation touches.
  int64_t work = 10'000'000;
  // Nesting of evaluation: expressions, statements, macro calls.
  int depth = 1000;
};

// Values nested deeper than this are refused: printing, comparing and freeing
// them recurse.
inline constexpr int kMaxValueDepth = 100;

// The account of one rendering. Values made on this thread while a BudgetScope
// lives are charged to it and credited when they die.
class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits) {}

  const Limits& limits() const { return limits_; }
  void Add(size_t bytes) {
    CheckRoom(bytes);
    live_ += bytes;
  }
  void Release(size_t bytes) { live_ -= bytes; }
  void CheckRoom(size_t bytes) const;
  void Work(int64_t units);

 private:
  Limits limits_;
  size_t live_ = 0;
  int64_t work_ = 0;
};

// Makes `budget` the one of this thread; restores the former one at the end.
class BudgetScope {
 public:
  explicit BudgetScope(Budget* budget);
  ~BudgetScope();
  BudgetScope(const BudgetScope&) = delete;
  BudgetScope& operator=(const BudgetScope&) = delete;

 private:
  Budget* former_;
};

// The thread's budget; null while no rendering runs (parsing).
Budget* CurrentBudget();

// Charges work units, or refuses an allocation of `bytes`, before they happen.
void Work(int64_t units);
void WorkOnBytes(size_t bytes);
void CheckRoom(size_t bytes);
// Refuses a string of `bytes` bytes beyond the limit of one string.
void CheckStringSize(size_t bytes);

// Bytes charged for as long as the object lives.
class Charge {
 public:
  explicit Charge(size_t bytes = 0);
  ~Charge();
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

  void Grow(size_t bytes);

 private:
  Budget* budget_;
  size_t bytes_ = 0;
};

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_BUDGET_H_

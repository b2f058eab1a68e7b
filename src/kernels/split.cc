#include "kernels/split.h"

#include <algorithm>

namespace llamba {
namespace {

// Multiply-adds of a task at least: some 5 microseconds, what waking a sleeping
// thread costs.
constexpr double kTaskWork = 64 * 1024;

// Tasks a thread: enough that a thread held up by another process gives the
// rest of its share away, few enough that each streams a long run of memory.
constexpr int64_t kTasksPerThread = 8;

}  // namespace

void WorkList::Add(int64_t units, int64_t work) {
  items_.push_back({units_, units});
  units_ += units;
  work_ += static_cast<double>(units) * static_cast<double>(work);
}

void WorkList::Run(
    ThreadPool& pool,
    FunctionRef<void(size_t item, int64_t begin, int64_t end)> fn) const {
  const int64_t limit =
      pool.n_threads() == 1 ? 1 : pool.n_threads() * kTasksPerThread;
  const double worth = std::min(work_ / kTaskWork, static_cast<double>(limit));
  const int64_t tasks = std::min(static_cast<int64_t>(worth), units_);
  if (tasks <= 1) {
    RunRange(0, units_, fn);
    return;
  }
  pool.Run(tasks, [&](int64_t task) {
    RunRange(units_ * task / tasks, units_ * (task + 1) / tasks, fn);
  });
}

void WorkList::RunRange(
    int64_t begin, int64_t end,
    FunctionRef<void(size_t item, int64_t begin, int64_t end)> fn) const {
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    const int64_t first = std::max(begin, item.first_unit);
    const int64_t last = std::min(end, item.first_unit + item.units);
    if (first < last) fn(i, first - item.first_unit, last - item.first_unit);
  }
}

}  // namespace llamba

#include "kernels/split.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace llamba {
namespace {

// Multiply-adds of a task at least: some 5 microseconds, what waking a sleeping
// thread costs.
constexpr double kTaskWork = 64 * 1024;

// A task is this part of a thread's share of what is left, and at least that
// part of a thread's share of all. So each streams a long run of memory at
// first, a thread held up by another process gives the rest of its share away,
// and all end together.
constexpr int64_t kPartOfRest = 2;
constexpr int64_t kPartOfAll = 64;

}  // namespace

void WorkList::Add(int64_t units, int64_t work) {
  items_.push_back({units_, units});
  units_ += units;
  work_ += static_cast<double>(units) * static_cast<double>(work);
}

std::vector<int64_t> WorkList::Cuts(int n_threads) const {
  std::vector<int64_t> cuts = {0};
  const double unit_work = work_ / static_cast<double>(units_);
  const auto worth = static_cast<int64_t>(std::ceil(kTaskWork / unit_work));
  const int64_t least =
      std::max(worth, CeilDiv(units_, n_threads * kPartOfAll));
  while (cuts.back() < units_) {
    const int64_t left = units_ - cuts.back();
    const int64_t size = std::max(left / (n_threads * kPartOfRest), least);
    cuts.push_back(left < size + least ? units_ : cuts.back() + size);
  }
  return cuts;
}

void WorkList::Run(
    ThreadPool& pool,
    FunctionRef<void(size_t item, int64_t begin, int64_t end)> fn) const {
  if (pool.n_threads() == 1 || work_ < 2 * kTaskWork) {
    RunRange(0, units_, fn);
    return;
  }
  const std::vector<int64_t> cuts = Cuts(pool.n_threads());
  pool.Run(std::ssize(cuts) - 1, [&](int64_t task) {
    const auto i = static_cast<size_t>(task);
    RunRange(cuts[i], cuts[i + 1], fn);
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

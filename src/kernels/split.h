#ifndef LLAMBA_KERNELS_SPLIT_H_
#define LLAMBA_KERNELS_SPLIT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/thread_pool.h"

namespace llamba {

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// The units (row tiles, heads, blocks of channels) of several items of work
// (matrices, sequences) laid end to end and cut into tasks, the later the
// smaller. Work too small to be worth a fork runs on the calling thread. Where
// the cuts fall changes no result: see "Bit-exactness" in kernels.h.
class WorkList {
 public:
  // The next item: `units` units of `work` multiply-adds each.
  void Add(int64_t units, int64_t work);

  // Calls fn(item, begin, end) for ranges that cover every item's units once.
  void Run(ThreadPool& pool,
           FunctionRef<void(size_t item, int64_t begin, int64_t end)> fn) const;

 private:
  struct Item {
    int64_t first_unit;
    int64_t units;
  };
  // Where tasks begin, and the end. There is work.
  std::vector<int64_t> Cuts(int n_threads) const;
  // Units [begin, end) of the whole list, an item at a time.
  void RunRange(
      int64_t begin, int64_t end,
      FunctionRef<void(size_t item, int64_t begin, int64_t end)> fn) const;

  std::vector<Item> items_;
  int64_t units_ = 0;
  double work_ = 0;
};

}  // namespace llamba

#endif  // LLAMBA_KERNELS_SPLIT_H_

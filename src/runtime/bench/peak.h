#ifndef LLAMBA_RUNTIME_BENCH_PEAK_H_
#define LLAMBA_RUNTIME_BENCH_PEAK_H_

#include "kernels/ops.h"

namespace llamba {

// Operations a second (a multiply-add is two) that threads can do on registers
// alone; 0 where unknown or where there are no such instructions.
struct Peaks {
  double float32 = 0, bf16 = 0, integers = 0;

  // For products of bf16 the faster of the ways to make them.
  double Of(Products products) const;
};

// The larger of each.
Peaks Best(const Peaks& a, const Peaks& b);

// Those of the table's instructions on all threads of the pool together: the
// best of several short runs.
Peaks MeasurePeaks(const KernelTable& kernels, ThreadPool& pool);

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_BENCH_PEAK_H_

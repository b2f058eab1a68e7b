#ifndef LLAMBA_RUNTIME_BENCH_PEAK_H_
#define LLAMBA_RUNTIME_BENCH_PEAK_H_

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace llamba {

// Operations a second (a multiply-add is two) of a table's float_peak or
// integer_peak on all threads of the pool together: the best of several short
// runs. 0 for a null function.
double PeakRate(ThreadPool& pool, decltype(KernelTable::float_peak) peak);

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_BENCH_PEAK_H_

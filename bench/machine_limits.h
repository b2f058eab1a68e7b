#ifndef LLAMBA_BENCH_MACHINE_LIMITS_H_
#define LLAMBA_BENCH_MACHINE_LIMITS_H_

#include "base/thread_pool.h"

// What the machine can do at best, to set beside what the kernels do.

namespace llamba {

// Bytes a second of reading a buffer far larger than the caches once, all
// threads of the pool together: the best of several passes.
double StreamingReadRate(ThreadPool& pool);

// Float32 operations a second (a fused multiply-add is two) on registers alone,
// with the widest vectors here, all threads together: the best of several runs.
double PeakFlopRate(ThreadPool& pool);

}  // namespace llamba

#endif  // LLAMBA_BENCH_MACHINE_LIMITS_H_

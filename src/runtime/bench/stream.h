#ifndef LLAMBA_RUNTIME_BENCH_STREAM_H_
#define LLAMBA_RUNTIME_BENCH_STREAM_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/dtype.h"
#include "base/thread_pool.h"
#include "runtime/weights.h"

namespace llamba {

// The bytes of every matrix that one token's step reads whole: what bounds how
// fast one sequence can decode. Without the embedding, unless it is the head.
std::vector<std::span<const std::byte>> StepMatrices(const Weights& weights);

// The type that most bytes of these have.
DType StepType(const Weights& weights);

int64_t TotalBytes(const std::vector<std::span<const std::byte>>& parts);

// Reads all of it once, front to back, on all threads of the pool, and does
// next to nothing with it. Returns seconds: the limit that decoding is measured
// against.
double ReadOnce(const std::vector<std::span<const std::byte>>& parts,
                ThreadPool& pool);

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_BENCH_STREAM_H_

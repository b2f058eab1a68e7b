#include "runtime/bench/peak.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace llamba {
namespace {

double PeakRate(ThreadPool& pool, decltype(KernelTable::integer_peak) peak) {
  // Far below a time slice, far above what waking a thread takes.
  constexpr int64_t kRounds = 200'000;
  constexpr int kRuns = 60;
  if (peak == nullptr) return 0;
  const auto threads = static_cast<size_t>(pool.n_threads());
  std::vector<float> sinks(threads, 1e-3f);
  std::vector<double> made(threads);
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = std::chrono::steady_clock::now();
    pool.Run(pool.n_threads(), [&](int64_t i) {
      made[static_cast<size_t>(i)] =
          peak(kRounds, &sinks[static_cast<size_t>(i)]);
    });
    const std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    const double operations = 2 * made[0] * static_cast<double>(threads);
    best = std::max(best, operations / time.count());
  }
  return best;
}

}  // namespace

double Peaks::Of(Products products) const {
  switch (products) {
    case Products::kIntegers:
    case Products::kSegments:
      return integers;
    case Products::kBf16:
      return std::max(bf16, float32);
    default:
      return float32;
  }
}

Peaks Best(const Peaks& a, const Peaks& b) {
  return {std::max(a.float32, b.float32), std::max(a.bf16, b.bf16),
          std::max(a.integers, b.integers)};
}

Peaks MeasurePeaks(const KernelTable& kernels, ThreadPool& pool) {
  const ArrangedProducts* bf16 = kernels.bf16;
  return {PeakRate(pool, kernels.float32->peak),
          PeakRate(pool, bf16 != nullptr ? bf16->peak : nullptr),
          PeakRate(pool, kernels.integer_peak)};
}

}  // namespace llamba

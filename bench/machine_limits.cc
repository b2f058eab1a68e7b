#include "bench/machine_limits.h"

#include <algorithm>
#include <chrono>

#include "base/aligned_buffer.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/machine_limits.cc"

#include "hwy/foreach_target.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int kChains = 8;

// Sums n floats, a multiple of the vectors of all chains.
float SumAll(const float* data, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  hn::Vec<decltype(d)> sums[kChains];
  for (auto& sum : sums) sum = hn::Zero(d);
  for (size_t i = 0; i < n; i += kChains * lanes) {
    for (int j = 0; j < kChains; ++j) {
      sums[j] = hn::Add(
          sums[j], hn::LoadU(d, data + i + static_cast<size_t>(j) * lanes));
    }
  }
  for (int j = 1; j < kChains; ++j) sums[0] = hn::Add(sums[0], sums[j]);
  return hn::GetLane(hn::SumOfLanes(d, sums[0]));
}

// Multiply-adds in 12 independent chains; returns how many scalar ones.
double MultiplyAdds(int64_t rounds, float seed, float* sink) {
  const hn::ScalableTag<float> d;
  constexpr int kAccumulators = 12;
  hn::Vec<decltype(d)> acc[kAccumulators];
  for (auto& a : acc) a = hn::Set(d, seed);
  const auto factor = hn::Set(d, 0.999f);
  const auto term = hn::Set(d, seed);
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& a : acc) a = hn::MulAdd(a, factor, term);
  }
  for (int j = 1; j < kAccumulators; ++j) acc[0] = hn::Add(acc[0], acc[j]);
  *sink = hn::GetLane(acc[0]);
  return static_cast<double>(rounds) * kAccumulators *
         static_cast<double>(hn::Lanes(d));
}

}  // namespace llamba::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba {
namespace bench {
HWY_EXPORT(SumAll);
HWY_EXPORT(MultiplyAdds);
}  // namespace bench

namespace {

// Seconds of the fastest of several calls.
template <class Fn>
double Fastest(int runs, const Fn& fn) {
  double best = 1e30;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    fn();
    const std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count());
  }
  return best;
}

}  // namespace

double StreamingReadRate(ThreadPool& pool) {
  constexpr int64_t kFloats = 128 << 20;
  constexpr int64_t kTask = 1 << 19;  // 2 MB
  AlignedBuffer<float> buffer(kFloats);
  AlignedBuffer<float> sums(kFloats / kTask);
  const double seconds = Fastest(10, [&] {
    pool.Run(kFloats / kTask, [&](int64_t i) {
      sums[static_cast<size_t>(i)] =
          HWY_DYNAMIC_DISPATCH(bench::SumAll)(buffer.data() + i * kTask, kTask);
    });
  });
  return kFloats * sizeof(float) / seconds;
}

double PeakFlopRate(ThreadPool& pool) {
  constexpr int64_t kRounds = 20'000;  // far below a time slice
  double operations = 0;
  std::vector<float> sinks(static_cast<size_t>(pool.n_threads()));
  const double seconds = Fastest(1000, [&] {
    pool.Run(pool.n_threads(), [&](int64_t i) {
      operations = 2 * HWY_DYNAMIC_DISPATCH(bench::MultiplyAdds)(
                           kRounds, 1e-3f, &sinks[static_cast<size_t>(i)]);
    });
  });
  return operations * pool.n_threads() / seconds;
}

}  // namespace llamba
#endif  // HWY_ONCE

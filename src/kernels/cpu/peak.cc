#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/peak.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

// Enough chains to hide the latency of a multiply-add, few enough for 16
// registers.
constexpr int kPeakChains = 12;

double FloatPeak(int64_t rounds, float* sink) {
  const DF df;
  VF sums[kPeakChains];
  for (VF& sum : sums) sum = hn::Set(df, *sink);
  const VF factor = hn::Set(df, 0.999f);
  const VF term = hn::Set(df, *sink);
  for (int64_t i = 0; i < rounds; ++i) {
    for (VF& sum : sums) sum = hn::MulAdd(sum, factor, term);
  }
  for (int j = 1; j < kPeakChains; ++j) sums[0] = hn::Add(sums[0], sums[j]);
  *sink = hn::GetLane(sums[0]);
  return static_cast<double>(rounds) * kPeakChains * kLanes;
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(FloatPeak);
decltype(KernelTable::float_peak) FloatPeakFor(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(FloatPeak), target);
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE

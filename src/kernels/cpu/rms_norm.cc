#include <cmath>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rms_norm.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

// Four chains of partial sums, so that additions overlap.
constexpr int64_t kChains = 4;

HWY_INLINE float SumOfSquares(const float* x, int64_t n) {
  const DF df;
  VF sums[kChains];
  for (VF& sum : sums) sum = hn::Zero(df);
  int64_t i = 0;
  for (; i + kChains * kLanes <= n; i += kChains * kLanes) {
    for (int64_t j = 0; j < kChains; ++j) {
      const VF v = hn::LoadU(df, x + i + j * kLanes);
      sums[j] = hn::MulAdd(v, v, sums[j]);
    }
  }
  for (; i + kLanes <= n; i += kLanes) {
    const VF v = hn::LoadU(df, x + i);
    sums[0] = hn::MulAdd(v, v, sums[0]);
  }
  if (i < n) {
    const VF v = LoadFirst(x + i, n - i);
    sums[1] = hn::MulAdd(v, v, sums[1]);
  }
  return SumLanes(
      hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3])));
}

void RmsNorm(const RmsNormArgs& args, int64_t m_begin, int64_t m_end) {
  for (int64_t m = m_begin; m < m_end; ++m) {
    const float* x = args.x + m * args.x_stride;
    float* y = args.y + m * args.y_stride;
    const float mean = SumOfSquares(x, args.d) / static_cast<float>(args.d);
    const float scale = 1 / std::sqrt(mean + args.eps);
    ForVectors(0, args.d, [&](auto d, int64_t i) HWY_ATTR {
      const auto v = hn::Mul(hn::LoadU(d, x + i), hn::Set(d, scale));
      hn::StoreU(hn::Mul(v, hn::LoadU(d, args.weight + i)), d, y + i);
    });
  }
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(RmsNorm);
decltype(KernelTable::rms_norm) RmsNormFor(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(RmsNorm), target);
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE

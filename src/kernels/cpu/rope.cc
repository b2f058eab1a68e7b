#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rope.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

void Rope(const RopeArgs& args, int64_t m_begin, int64_t m_end) {
  const int64_t half = args.head_dim / 2;
  for (int64_t m = m_begin; m < m_end; ++m) {
    const float* cosines = args.cos + m * half;
    const float* sines = args.sin + m * half;
    for (int64_t head = 0; head < args.n_heads; ++head) {
      float* x = args.x + m * args.x_stride + head * args.head_dim;
      ForVectors(0, half, [&](auto d, int64_t i) HWY_ATTR {
        const auto c = hn::LoadU(d, cosines + i);
        const auto s = hn::LoadU(d, sines + i);
        const auto a = hn::LoadU(d, x + i);
        const auto b = hn::LoadU(d, x + half + i);
        hn::StoreU(hn::NegMulAdd(b, s, hn::Mul(a, c)), d, x + i);
        hn::StoreU(hn::MulAdd(a, s, hn::Mul(b, c)), d, x + half + i);
      });
    }
  }
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(Rope);
decltype(KernelTable::rope) RopeFor(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(Rope), target);
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE

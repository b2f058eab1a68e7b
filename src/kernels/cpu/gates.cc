#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gates.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

void Gate(const GateArgs& args, int64_t m_begin, int64_t m_end) {
  for (int64_t m = m_begin; m < m_end; ++m) {
    float* y = args.y + m * args.y_stride;
    const float* z = args.z + m * args.z_stride;
    ForVectors(0, args.n, [&](auto d, int64_t i) HWY_ATTR {
      auto v = hn::LoadU(d, z + i);
      if (args.z_bias != nullptr) v = hn::Add(v, hn::LoadU(d, args.z_bias + i));
      hn::StoreU(hn::Mul(hn::LoadU(d, y + i), Silu()(d, v)), d, y + i);
    });
  }
}

template <class Function>
HWY_NOINLINE void GluRow(Function function, const float* up, int64_t n,
                         float* gate) {
  ForVectors(0, n, [&](auto d, int64_t i) HWY_ATTR {
    const auto v = function(d, hn::LoadU(d, gate + i));
    hn::StoreU(hn::Mul(v, hn::LoadU(d, up + i)), d, gate + i);
  });
}

void Glu(const GluArgs& args, int64_t m_begin, int64_t m_end) {
  WithActivation(args.activation, [&](auto function) HWY_ATTR {
    for (int64_t m = m_begin; m < m_end; ++m) {
      GluRow(function, args.up + m * args.up_stride, args.n,
             args.gate + m * args.gate_stride);
    }
  });
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(Gate);
decltype(KernelTable::gate) GateFor(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(Gate), target);
}
HWY_EXPORT(Glu);
decltype(KernelTable::glu) GluFor(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(Glu), target);
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE

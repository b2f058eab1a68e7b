// Tiles of dot products in float32, one factor of any float type. Included once
// a target.
#if defined(LLAMBA_KERNELS_CPU_FLOATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LLAMBA_KERNELS_CPU_FLOATS_INL_H_
#undef LLAMBA_KERNELS_CPU_FLOATS_INL_H_
#else
#define LLAMBA_KERNELS_CPU_FLOATS_INL_H_
#endif

#include <algorithm>

#include "kernels/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

#undef LLAMBA_INLINE
#define LLAMBA_INLINE HWY_INLINE

#include "kernels/rows/tile-inl.h"

// What rows/ wants of an instruction set.
struct Floats {
  using X = float;
  using Factors = VF;
  using Sum = VF;
  static constexpr int64_t kStep = kLanes;
  static constexpr int kTileM = kManyRegisters ? 6 : 3;
  // Two tiles read x from the second-level cache once, but halve the columns of
  // a block: the lanes of long vectors would be added up too often.
  static constexpr int kPanelTiles = kLanes < 16 ? 2 : 1;
  static constexpr int64_t kBlockM = kManyRegisters ? 168 : 96;
  static constexpr int64_t kBlockN = 128;

  static HWY_INLINE VF FromFloats(const float* x, int64_t left) {
    return left >= kStep ? LoadW(x) : LoadW(x, left);
  }
  template <class W>
  static HWY_INLINE VF LoadW(const W* w) {
    return LoadFloats(w);
  }
  template <class W>
  static HWY_INLINE VF LoadW(const W* w, int64_t left) {
    return LoadFirst(w, left);
  }
  static HWY_INLINE VF Load(const float* x) { return hn::Load(DF(), x); }
  static HWY_INLINE void Store(VF v, float* to) { hn::Store(v, DF(), to); }

  static HWY_INLINE VF ZeroSum() { return hn::Zero(DF()); }
  static HWY_INLINE VF MultiplyAdd(VF a, VF b, VF sum) {
    return hn::MulAdd(a, b, sum);
  }
#if HWY_TARGET != HWY_SCALAR
  using Four = V4;
  static HWY_INLINE Four SumLanes(VF a, VF b, VF c, VF d) {
    return HWY_NAMESPACE::SumLanes(a, b, c, d);
  }
  static HWY_INLINE Four Add(Four a, Four b) { return hn::Add(a, b); }
  static HWY_INLINE Four LoadFour(const float* p) { return hn::LoadU(D4(), p); }
  static HWY_INLINE void StoreFour(Four v, float* to) {
    hn::StoreU(v, D4(), to);
  }
#else
  struct Four {
    float of[4];
  };
  static Four SumLanes(VF a, VF b, VF c, VF d) {
    return {{a.raw, b.raw, c.raw, d.raw}};
  }
  static Four Add(Four a, Four b) {
    return {{a.of[0] + b.of[0], a.of[1] + b.of[1], a.of[2] + b.of[2],
             a.of[3] + b.of[3]}};
  }
  static Four LoadFour(const float* p) { return {{p[0], p[1], p[2], p[3]}}; }
  static void StoreFour(Four v, float* to) { std::copy_n(v.of, 4, to); }
#endif
};

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LLAMBA_KERNELS_CPU_FLOATS_INL_H_

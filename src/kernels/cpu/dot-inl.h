// Tiles of dot products. Included once a target.
#if defined(LLAMBA_KERNELS_CPU_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LLAMBA_KERNELS_CPU_DOT_INL_H_
#undef LLAMBA_KERNELS_CPU_DOT_INL_H_
#else
#define LLAMBA_KERNELS_CPU_DOT_INL_H_
#endif

#include "kernels/cpu/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

// The dot products of kM rows of x with kN rows of w. Each has one vector
// accumulator, to which k = 0, kLanes, 2 kLanes, .. is added in this order and
// last the remainder, padded with zeros: an order that no tile shape changes.
template <int kM, int kN>
struct DotTile {
  VF acc[kM][kN];

  HWY_INLINE void Clear() {
    const DF df;
    for (int m = 0; m < kM; ++m) {
      for (int n = 0; n < kN; ++n) acc[m][n] = hn::Zero(df);
    }
  }

  HWY_INLINE void Load(const float* from) {
    const DF df;
    for (int m = 0; m < kM; ++m) {
      for (int n = 0; n < kN; ++n) {
        acc[m][n] = hn::Load(df, from + (m * kN + n) * kLanes);
      }
    }
  }

  HWY_INLINE void Store(float* to) const {
    const DF df;
    for (int m = 0; m < kM; ++m) {
      for (int n = 0; n < kN; ++n) {
        hn::Store(acc[m][n], df, to + (m * kN + n) * kLanes);
      }
    }
  }

  // Adds k columns.
  template <typename T>
  HWY_INLINE void Add(const float* const (&x)[kM], const T* const (&w)[kN],
                      int64_t k) {
    int64_t i = 0;
    for (; i + kLanes <= k; i += kLanes) {
      VF wv[kN];
      for (int n = 0; n < kN; ++n) wv[n] = LoadFloats(w[n] + i);
      Step(wv, [&](int m) HWY_ATTR { return LoadFloats(x[m] + i); });
    }
    if (i == k) return;
    VF wv[kN];
    for (int n = 0; n < kN; ++n) wv[n] = LoadFirst(w[n] + i, k - i);
    Step(wv, [&](int m) HWY_ATTR { return LoadFirst(x[m] + i, k - i); });
  }

  template <class LoadX>
  HWY_INLINE void Step(const VF (&w)[kN], const LoadX& load_x) {
    for (int m = 0; m < kM; ++m) {
      const VF xv = load_x(m);
      for (int n = 0; n < kN; ++n) {
        acc[m][n] = hn::MulAdd(xv, w[n], acc[m][n]);
      }
    }
  }
};

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LLAMBA_KERNELS_CPU_DOT_INL_H_

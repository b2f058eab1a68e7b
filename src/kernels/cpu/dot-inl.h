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

  // Written out, for the compiler's own would lack the target's attributes.
  HWY_INLINE DotTile() {}

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
      Step([&](int m) HWY_ATTR { return LoadFloats(x[m] + i); },
           [&](int n) HWY_ATTR { return LoadFloats(w[n] + i); });
    }
    if (i == k) return;
    Step([&](int m) HWY_ATTR { return LoadFirst(x[m] + i, k - i); },
         [&](int n) HWY_ATTR { return LoadFirst(w[n] + i, k - i); });
  }

  // The dot products of row m of x with four rows of w.
  HWY_INLINE V4 Sums(int m) const {
    static_assert(kN == 4);
    return SumLanes(acc[m][0], acc[m][1], acc[m][2], acc[m][3]);
  }

  // Holds kM vectors of x and one of w beside the accumulators: 3 x 4 just fits
  // 16 registers, also where w must be converted in one.
  template <class LoadX, class LoadW>
  HWY_INLINE void Step(const LoadX& load_x, const LoadW& load_w) {
    VF xv[kM];
    for (int m = 0; m < kM; ++m) xv[m] = load_x(m);
    for (int n = 0; n < kN; ++n) {
      const VF wv = load_w(n);
      for (int m = 0; m < kM; ++m) {
        acc[m][n] = hn::MulAdd(xv[m], wv, acc[m][n]);
      }
    }
  }
};

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LLAMBA_KERNELS_CPU_DOT_INL_H_

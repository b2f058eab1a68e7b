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
    ForAll([&](auto m, auto n)
               LLAMBA_INLINE_LAMBDA { acc[m][n] = hn::Zero(DF()); });
  }

  HWY_INLINE void Load(const float* from) {
    ForAll([&](auto m, auto n) LLAMBA_INLINE_LAMBDA {
      acc[m][n] = hn::Load(DF(), from + (m * kN + n) * kLanes);
    });
  }

  HWY_INLINE void Store(float* to) const {
    ForAll([&](auto m, auto n) LLAMBA_INLINE_LAMBDA {
      hn::Store(acc[m][n], DF(), to + (m * kN + n) * kLanes);
    });
  }

  // Adds k columns.
  template <typename T>
  HWY_INLINE void Add(const float* const (&x)[kM], const T* const (&w)[kN],
                      int64_t k) {
    int64_t i = 0;
    for (; i + kLanes <= k; i += kLanes) {
      Step([&](int m) LLAMBA_INLINE_LAMBDA { return LoadFloats(x[m] + i); },
           [&](int n) LLAMBA_INLINE_LAMBDA { return LoadFloats(w[n] + i); });
    }
    if (i == k) return;
    Step([&](int m) LLAMBA_INLINE_LAMBDA { return LoadFirst(x[m] + i, k - i); },
         [&](int n)
             LLAMBA_INLINE_LAMBDA { return LoadFirst(w[n] + i, k - i); });
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
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA { xv[m] = load_x(m); });
    Repeat<kN>([&](auto n) LLAMBA_INLINE_LAMBDA {
      const VF wv = load_w(n);
      Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
        acc[m][n] = hn::MulAdd(xv[m], wv, acc[m][n]);
      });
    });
  }

 private:
  template <class Fn>
  static HWY_INLINE void ForAll(const Fn& fn) {
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      Repeat<kN>([&](auto n) LLAMBA_INLINE_LAMBDA { fn(m, n); });
    });
  }
};

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LLAMBA_KERNELS_CPU_DOT_INL_H_

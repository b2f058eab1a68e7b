// Vector helpers that every kernel shares. Included once a target.
#if defined(LLAMBA_KERNELS_CPU_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LLAMBA_KERNELS_CPU_VECTORS_INL_H_
#undef LLAMBA_KERNELS_CPU_VECTORS_INL_H_
#else
#define LLAMBA_KERNELS_CPU_VECTORS_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;
using VF = hn::Vec<DF>;
constexpr int64_t kLanes = hn::MaxLanes(DF());

// Registers decide how large a tile of accumulators may be.
constexpr bool kManyRegisters =
    HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON;

// Of lambdas that must become part of their caller.
#undef LLAMBA_INLINE_LAMBDA
#define LLAMBA_INLINE_LAMBDA HWY_ATTR __attribute__((always_inline))

// Calls fn with the constants 0 to kN - 1: arrays of vectors that only
// constants index stay in registers.
template <int kN, class Fn>
HWY_INLINE void Repeat(const Fn& fn) {
  if constexpr (kN > 0) {
    Repeat<kN - 1>(fn);
    fn(std::integral_constant<int, kN - 1>());
  }
}

// kLanes values of type T (float, bfloat16_t, float16_t) at any address.
template <typename T>
HWY_INLINE VF LoadFloats(const T* p) {
  const DF df;
  const hn::Rebind<T, DF> d;
  if constexpr (sizeof(T) == sizeof(float)) {
    return hn::LoadU(d, p);
  } else {
    return hn::PromoteTo(df, hn::LoadU(d, p));
  }
}

// The first n < kLanes values, zeros after them; reads nothing beyond.
template <typename T>
HWY_INLINE VF LoadFirst(const T* p, int64_t n) {
  HWY_ALIGN T buffer[kLanes];
  std::memset(static_cast<void*>(buffer), 0, sizeof(buffer));
  std::memcpy(static_cast<void*>(buffer), p,
              static_cast<size_t>(n) * sizeof(T));
  return LoadFloats(buffer);
}

// Four outputs side by side.
using D4 = hn::CappedTag<float, 4>;
using V4 = hn::Vec<D4>;

struct AddLanes {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Add(a, b);
  }
};
struct MaxLanes {
  template <class V>
  HWY_INLINE V operator()(V a, V b) const {
    return hn::Max(a, b);
  }
};

#if HWY_TARGET != HWY_SCALAR
// The blocks of four lanes folded: halves, then halves of these.
template <class Op, class V>
HWY_INLINE V4 FoldBlocks(const Op& op, V v) {
  if constexpr (hn::MaxLanes(hn::DFromV<V>()) == 4) {
    return v;
  } else {
    const hn::Half<hn::DFromV<V>> half;
    return FoldBlocks(op, op(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// The lanes of each of four accumulators folded, in the one order of every such
// sum: in each block of four lanes 0 with 2 and 1 with 3, then both, then the
// blocks.
template <class Op>
HWY_INLINE V4 FoldLanes(const Op& op, VF a, VF b, VF c, VF d) {
  const DF df;
  const hn::Repartition<double, DF> pairs;
  const VF ab =
      op(hn::InterleaveLower(df, a, b), hn::InterleaveUpper(df, a, b));
  const VF cd =
      op(hn::InterleaveLower(df, c, d), hn::InterleaveUpper(df, c, d));
  const auto even = hn::InterleaveLower(pairs, hn::BitCast(pairs, ab),
                                        hn::BitCast(pairs, cd));
  const auto odd = hn::InterleaveUpper(pairs, hn::BitCast(pairs, ab),
                                       hn::BitCast(pairs, cd));
  return FoldBlocks(op, op(hn::BitCast(df, even), hn::BitCast(df, odd)));
}

HWY_INLINE V4 SumLanes(VF a, VF b, VF c, VF d) {
  return FoldLanes(AddLanes(), a, b, c, d);
}

HWY_INLINE float SumLanes(VF v) { return hn::GetLane(SumLanes(v, v, v, v)); }
#else
HWY_INLINE float SumLanes(VF v) { return hn::GetLane(v); }
#endif

// Calls fn(d, i) for pieces of [begin, end): d is the tag of the vectors that
// start at element i; full ones first, then of four lanes, then of one. Lanes
// never meet, so which tag an element falls to changes nothing.
template <class Fn>
HWY_INLINE void ForVectors(int64_t begin, int64_t end, const Fn& fn) {
  constexpr int64_t kFew = kLanes < 4 ? kLanes : 4;
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) fn(DF(), i);
  for (; i + kFew <= end; i += kFew) fn(hn::CappedTag<float, kFew>(), i);
  for (; i < end; ++i) fn(hn::CappedTag<float, 1>(), i);
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LLAMBA_KERNELS_CPU_VECTORS_INL_H_

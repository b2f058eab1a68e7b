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

// One order for every sum over the lanes of an accumulator.
HWY_INLINE float SumLanes(VF v) {
  const DF df;
  return hn::GetLane(hn::SumOfLanes(df, v));
}

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

// How each type's panels are read, in terms of an instruction set's vectors V.
// Included by one translation unit an instruction set, inside its anonymous
// namespace: no symbol of it may reach the linker, which could choose the one
// of another instruction set.
//
// V has kLanes 32-bit lanes and kBytes bytes of codes; a panel's 16 rows are
// `kHalves` = 16 / kLanes vectors. See portable.cc for the plainest V.

#ifndef LLAMBA_KERNELS_PANELS_PANEL_FORMATS_INL_H_
#define LLAMBA_KERNELS_PANELS_PANEL_FORMATS_INL_H_

#include "kernels/repeat-inl.h"

// What belongs to kHalves vectors of a panel's rows, next to each other.
template <class T, int kHalves>
struct Halves {
  T half[kHalves];
};

// Where vector h of a tile lies: halves of a panel next to each other, further
// panels `stride` bytes apart.
template <class V>
LLAMBA_INLINE int64_t Place(int h, int64_t stride) {
  constexpr int kAll = kPanelRows / V::kLanes;
  return h % kAll * V::kBytes + h / kAll * stride;
}

// Calls make(codes of one half, h) for each half.
template <class T, int kHalves, class Make>
LLAMBA_INLINE Halves<T, kHalves> MakeHalves(const Make& make) {
  Halves<T, kHalves> out;
  Repeat<kHalves>([&](auto h) LLAMBA_INLINE_LAMBDA { out.half[h] = make(h); });
  return out;
}

// Codes of 4 and 5 bits fit a dot product of unsigned by signed bytes as they
// are; the type's offset is taken off the sum. fn(g, codes) for each group.
template <class V, int kHalves, class Fn>
LLAMBA_INLINE void ForNibbles(const std::byte* codes, int64_t stride,
                              const Fn& fn) {
  using Codes = typename V::Codes;
  Repeat<4>([&](auto j) LLAMBA_INLINE_LAMBDA {
    const auto both =
        MakeHalves<Codes, kHalves>([&](int h) LLAMBA_INLINE_LAMBDA {
          return V::Load(codes + j * 64 + Place<V>(h, stride));
        });
    fn(2 * j, MakeHalves<Codes, kHalves>([&](int h) LLAMBA_INLINE_LAMBDA {
         return V::Low(both.half[h]);
       }));
    fn(2 * j + 1, MakeHalves<Codes, kHalves>([&](int h) LLAMBA_INLINE_LAMBDA {
         return V::High(both.half[h]);
       }));
  });
}

template <class V>
struct Scale {
  typename V::Floats d, m;
};

// The scales of a block of 32 columns: d[16], perhaps m[16].
template <bool kHasMinValue>
struct SimpleScales {
  static constexpr bool kHasMin = kHasMinValue;
  static constexpr int64_t kBytes = kHasMin ? 64 : 32;
  static int64_t Offset(int64_t block) { return block * kBytes; }

  template <class V>
  static LLAMBA_INLINE Scale<V> Load(const std::byte* panel, int64_t block,
                                     int half) {
    const std::byte* p = panel + Offset(block) + half * V::kLanes * 2;
    Scale<V> scale;
    scale.d = V::LoadHalves(p);
    if constexpr (kHasMin) scale.m = V::LoadHalves(p + 32);
    return scale;
  }
};

// Those of the K types.
struct SuperScales {
  static constexpr bool kHasMin = true;
  static constexpr int64_t kBytes = 32;
  static constexpr int64_t kSuperBytes = 64;
  static int64_t Offset(int64_t block) {
    return block * kBytes + (block / 8 + 1) * kSuperBytes;
  }

  template <class V>
  static LLAMBA_INLINE Scale<V> Load(const std::byte* panel, int64_t block,
                                     int half) {
    const std::byte* super =
        panel + Offset(block / 8 * 8) - kSuperBytes + half * V::kLanes * 2;
    const std::byte* own = panel + Offset(block) + half * V::kLanes;
    return {
        V::Mul(V::LoadHalves(super), V::LoadBytes(own)),
        V::Negate(V::Mul(V::LoadHalves(super + 32), V::LoadBytes(own + 16)))};
  }
};

template <class ScalesType, int kOffsetValue>
struct FourBits {
  using Scales = ScalesType;
  static constexpr int64_t kCodeBytes = 256;
  static constexpr int kOffset = kOffsetValue;
  static constexpr int kMost = 15;
  static constexpr bool kWide = false;
  // Groups whose products fit a sum in 16 bits: 8 * 2 * 15 * 127 < 2^15.
  static constexpr int kFlush = 8;

  template <class V, int kHalves, class Fn>
  static LLAMBA_INLINE void ForGroups(const std::byte* codes, int64_t stride,
                                      const Fn& fn) {
    ForNibbles<V, kHalves>(codes, stride, fn);
  }
};

template <class ScalesType, int kOffsetValue>
struct FiveBits {
  using Scales = ScalesType;
  static constexpr int64_t kCodeBytes = 320;
  static constexpr int kOffset = kOffsetValue;
  static constexpr int kMost = 31;
  static constexpr bool kWide = false;
  static constexpr int kFlush = 4;  // 4 * 2 * 31 * 127 < 2^15

  template <class V, int kHalves, class Fn>
  static LLAMBA_INLINE void ForGroups(const std::byte* codes, int64_t stride,
                                      const Fn& fn) {
    using Codes = typename V::Codes;
    ForNibbles<V, kHalves>(
        codes, stride,
        [&](int g, const Halves<Codes, kHalves>& low) LLAMBA_INLINE_LAMBDA {
          fn(g, MakeHalves<Codes, kHalves>([&](int h) LLAMBA_INLINE_LAMBDA {
               return V::AddFifth(
                   low.half[h], V::Load(codes + 256 + Place<V>(h, stride)), g);
             }));
        });
  }
};

// Signed bytes, which each instruction set takes in a form of its own.
struct EightBits {
  using Scales = SimpleScales<false>;
  static constexpr int64_t kCodeBytes = 512;
  static constexpr bool kWide = true;

  template <class V, int kHalves, class Fn>
  static LLAMBA_INLINE void ForGroups(const std::byte* codes, int64_t stride,
                                      const Fn& fn) {
    Repeat<8>([&](auto g) LLAMBA_INLINE_LAMBDA {
      fn(g,
         MakeHalves<typename V::Wide, kHalves>([&](int h) LLAMBA_INLINE_LAMBDA {
           return V::ToWide(V::Load(codes + g * 64 + Place<V>(h, stride)));
         }));
    });
  }
};

// Codes that stand for the 16 values of a codebook.
struct Codebook {
  using Scales = SimpleScales<false>;
  static constexpr int64_t kCodeBytes = 256;
  static constexpr bool kWide = true;

  template <class V, int kHalves, class Fn>
  static LLAMBA_INLINE void ForGroups(const std::byte* codes, int64_t stride,
                                      const Fn& fn) {
    ForNibbles<V, kHalves>(
        codes, stride,
        [&](int g, const Halves<typename V::Codes, kHalves>& nibbles)
            LLAMBA_INLINE_LAMBDA {
              fn(g, MakeHalves<typename V::Wide, kHalves>(
                        [&](int h) LLAMBA_INLINE_LAMBDA {
                          return V::Lookup(nibbles.half[h]);
                        }));
            });
  }
};

// What the codes are above the values that they stand for.
template <class V, class F>
constexpr int OffsetOf() {
  if constexpr (F::kWide) {
    return V::kWideOffset;
  } else {
    return F::kOffset;
  }
}

// Calls fn with an instance of the type's format.
template <class Fn>
void WithFormat(DType dtype, const Fn& fn) {
  using NoMin = SimpleScales<false>;
  using Min = SimpleScales<true>;
  switch (dtype) {
    case DType::kQ4_0:
      return fn(FourBits<NoMin, 8>());
    case DType::kQ4_1:
      return fn(FourBits<Min, 0>());
    case DType::kQ5_0:
      return fn(FiveBits<NoMin, 16>());
    case DType::kQ5_1:
      return fn(FiveBits<Min, 0>());
    case DType::kQ8_0:
      return fn(EightBits());
    case DType::kIQ4_NL:
      return fn(Codebook());
    case DType::kQ4_K:
      return fn(FourBits<SuperScales, 0>());
    default:  // kQ5_K: HasPanels was asserted
      return fn(FiveBits<SuperScales, 0>());
  }
}

#endif  // LLAMBA_KERNELS_PANELS_PANEL_FORMATS_INL_H_

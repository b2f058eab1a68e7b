// The product of panels with the vectors of NEON and its dot product of signed
// bytes. Codes of 4 and 5 bits are signed bytes as they are, and so is all of
// Q8_0: nothing needs a product of unsigned by signed ones (USDOT).

#include "kernels/panels/panel_matmul-inl.h"

struct DotVectors {
  static constexpr int kLanes = 4;
  static constexpr int kBytes = 16;
  // Four rows by a whole panel: 16 sums and what they need fit 32 registers.
  static constexpr int kNarrowTileM = 4;
  static constexpr int kWideTileM = 4;
  static constexpr int kWholeTileM = 4;
  static constexpr int kRuns = 2;
  static constexpr int kWideOffset = 0;
  using Codes = uint8x16_t;
  using Ints = int32x4_t;
  using Narrow = int32x4_t;  // the sums themselves
  using Wide = int8x16_t;
  using Floats = float32x4_t;
  using Four = int8x8_t;  // the four bytes, then zeros

  static LLAMBA_INLINE Codes Load(const std::byte* p) {
    return vld1q_u8(reinterpret_cast<const uint8_t*>(p));
  }
  // The same, unknown to the compiler.
  static LLAMBA_INLINE Codes Again(Codes c) {
    __asm__ volatile("" : "+w"(c));
    return c;
  }
  static LLAMBA_INLINE Codes Low(Codes c) {
    return vandq_u8(c, vdupq_n_u8(15));
  }
  static LLAMBA_INLINE Codes High(Codes c) { return vshrq_n_u8(c, 4); }
  // Bit g of `fifth` becomes bit 4 of the code.
  static LLAMBA_INLINE Codes AddFifth(Codes c, Codes fifth, int g) {
    const Codes moved = vshlq_u8(fifth, vdupq_n_s8(static_cast<int8_t>(4 - g)));
    return vorrq_u8(c, vandq_u8(moved, vdupq_n_u8(16)));
  }
  static LLAMBA_INLINE Wide ToWide(Codes c) { return vreinterpretq_s8_u8(c); }
  static LLAMBA_INLINE Wide Lookup(Codes nibbles) {
    static constexpr int8_t kBook[16] = {-127, -104, -83, -65, -49, -35,
                                         -22,  -10,  1,   13,  25,  38,
                                         53,   69,   89,  113};
    return vqtbl1q_s8(vld1q_s8(kBook), nibbles);
  }
  static LLAMBA_INLINE Four Spread(const int8_t* x) {
    int32_t four = 0;
    __builtin_memcpy(&four, x, sizeof four);
    return vreinterpret_s8_s32(int32x2_t{four, 0});
  }

  static LLAMBA_INLINE Narrow StartNarrow(Ints sum) { return sum; }
  static LLAMBA_INLINE Narrow AddNarrow(Narrow sum, Codes c, Four x) {
    return AddWide(sum, ToWide(c), x);
  }
  static LLAMBA_INLINE Ints Flush(Ints, Narrow narrow) { return narrow; }
  static LLAMBA_INLINE Ints AddWide(Ints sum, Wide w, Four x) {
    return vdotq_lane_s32(sum, w, x, 0);
  }

  static LLAMBA_INLINE Ints ZeroInts() { return vdupq_n_s32(0); }
  template <int kFactor>
  static LLAMBA_INLINE Ints SpreadTimes(const int32_t* value) {
    return vmulq_n_s32(vld1q_dup_s32(value), kFactor);
  }
  static LLAMBA_INLINE Floats SetFloat(float value) {
    return vdupq_n_f32(value);
  }
  static LLAMBA_INLINE Floats ToFloats(Ints v) { return vcvtq_f32_s32(v); }
  static LLAMBA_INLINE Floats LoadHalves(const std::byte* p) {
    const uint16x4_t halves = vld1_u16(reinterpret_cast<const uint16_t*>(p));
    return vcvt_f32_f16(vreinterpret_f16_u16(halves));
  }
  static LLAMBA_INLINE Floats LoadBytes(const std::byte* p) {
    uint32_t four = 0;
    __builtin_memcpy(&four, p, sizeof four);
    const uint8x8_t bytes = vreinterpret_u8_u32(uint32x2_t{four, 0});
    return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(bytes))));
  }
  static LLAMBA_INLINE Floats Negate(Floats a) { return vnegq_f32(a); }
  static LLAMBA_INLINE Floats Add(Floats a, Floats b) {
    return vaddq_f32(a, b);
  }
  static LLAMBA_INLINE Floats Mul(Floats a, Floats b) {
    return vmulq_f32(a, b);
  }
  static LLAMBA_INLINE Floats MulAdd(Floats a, Floats b, Floats c) {
    return vfmaq_f32(c, a, b);
  }
  static LLAMBA_INLINE Floats LoadFloats(const float* p) {
    return vld1q_f32(p);
  }
  static LLAMBA_INLINE void StoreFloats(Floats v, float* p) { vst1q_f32(p, v); }
};

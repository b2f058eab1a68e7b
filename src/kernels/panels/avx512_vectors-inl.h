// The vectors of AVX-512 and VNNI for products of panels.

#include "kernels/panels/panel_formats-inl.h"

struct Vectors {
  static constexpr int kLanes = 16;
  static constexpr int kBytes = 64;
  static constexpr int kNarrowTileM = 10;
  static constexpr int kWideTileM = 10;
  static constexpr int kWholeTileM = 1;
  static constexpr int kRuns = 2;
  static constexpr int kUnpackedPanels = 2;
  static constexpr int kUnpackedTileM = 8;
  static constexpr int kWideOffset = 128;
  using Codes = __m512i;
  using Ints = __m512i;
  using Narrow = __m512i;  // the sums themselves
  using Wide = __m512i;    // plus 128
  using Floats = __m512;

  static LLAMBA_INLINE Codes Load(const std::byte* p) {
    return _mm512_loadu_si512(p);
  }
  static LLAMBA_INLINE void Store(Codes c, int8_t* p) {
    _mm512_storeu_si512(p, c);
  }
  template <int kAdd>
  static LLAMBA_INLINE Codes AddToCodes(Codes c) {
    return _mm512_add_epi8(c, _mm512_set1_epi8(static_cast<char>(kAdd)));
  }
  // The same, unknown to the compiler.
  static LLAMBA_INLINE Codes Again(Codes c) {
    __asm__ volatile("" : "+v"(c));
    return c;
  }
  static LLAMBA_INLINE Codes Low(Codes c) {
    return _mm512_and_si512(c, _mm512_set1_epi8(15));
  }
  static LLAMBA_INLINE Codes High(Codes c) {
    return Low(_mm512_srli_epi16(c, 4));
  }
  static LLAMBA_INLINE Codes AddFifth(Codes c, Codes fifth, int g) {
    const Codes moved = g < 4 ? _mm512_slli_epi16(fifth, 4 - g)
                              : _mm512_srli_epi16(fifth, g - 4);
    // c | (moved & 16)
    return _mm512_ternarylogic_epi32(c, moved, _mm512_set1_epi8(16), 0xf8);
  }
  static LLAMBA_INLINE Wide ToWide(Codes c) {
    return _mm512_xor_si512(c, _mm512_set1_epi8(-128));
  }
  static LLAMBA_INLINE Wide Lookup(Codes nibbles) {
    // The codebook plus 128.
    const __m128i book = _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, -127,
                                       -115, -103, -90, -75, -59, -39, -15);
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(book), nibbles);
  }
  static LLAMBA_INLINE Codes Spread(const int8_t* x) {
    int32_t four = 0;
    __builtin_memcpy(&four, x, sizeof four);
    return _mm512_set1_epi32(four);
  }

  static LLAMBA_INLINE Narrow StartNarrow(Ints sum) { return sum; }
  static LLAMBA_INLINE Narrow AddNarrow(Narrow sum, Codes c, Codes x) {
    return _mm512_dpbusd_epi32(sum, c, x);
  }
  static LLAMBA_INLINE Ints Flush(Ints, Narrow narrow) { return narrow; }
  static LLAMBA_INLINE Ints AddWide(Ints sum, Wide w, Codes x) {
    return _mm512_dpbusd_epi32(sum, w, x);
  }

  static LLAMBA_INLINE Ints ZeroInts() { return _mm512_setzero_si512(); }
  // kFactor * *value, kFactor a power of two.
  template <int kFactor>
  static LLAMBA_INLINE Ints SpreadTimes(const int32_t* value) {
    return _mm512_slli_epi32(_mm512_set1_epi32(*value), __builtin_ctz(kFactor));
  }
  static LLAMBA_INLINE Floats SetFloat(float value) {
    return _mm512_set1_ps(value);
  }
  static LLAMBA_INLINE Floats AsFloats(Ints v) {
    return _mm512_castsi512_ps(v);
  }
  static LLAMBA_INLINE Ints BitsOf(Floats v) { return _mm512_castps_si512(v); }
  static LLAMBA_INLINE Floats ToFloats(Ints v) { return _mm512_cvtepi32_ps(v); }
  static LLAMBA_INLINE Floats LoadHalves(const std::byte* p) {
    return _mm512_cvtph_ps(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static LLAMBA_INLINE Floats LoadBytes(const std::byte* p) {
    return ToFloats(_mm512_cvtepu8_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  }
  static LLAMBA_INLINE Floats Negate(Floats a) {
    return _mm512_castsi512_ps(
        _mm512_xor_si512(_mm512_castps_si512(a), _mm512_set1_epi32(INT32_MIN)));
  }
  static LLAMBA_INLINE Floats Add(Floats a, Floats b) {
    return _mm512_add_ps(a, b);
  }
  static LLAMBA_INLINE Floats Sub(Floats a, Floats b) {
    return _mm512_sub_ps(a, b);
  }
  static LLAMBA_INLINE Floats Mul(Floats a, Floats b) {
    return _mm512_mul_ps(a, b);
  }
  static LLAMBA_INLINE Floats MulAdd(Floats a, Floats b, Floats c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  static LLAMBA_INLINE Floats LoadFloats(const float* p) {
    return _mm512_loadu_ps(p);
  }
  static LLAMBA_INLINE void StoreFloats(Floats v, float* p) {
    _mm512_storeu_ps(p, v);
  }
};

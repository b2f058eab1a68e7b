// The vectors of AVX2 but for products of bytes, which AVX2 itself and AVX-VNNI
// make each in its own way.

#include "kernels/panels/panel_matmul-inl.h"

struct Vectors256 {
  static constexpr int kLanes = 8;
  static constexpr int kBytes = 32;
  static constexpr int kWholeTileM = 2;
  static constexpr int kRuns = 2;
  using Codes = __m256i;
  using Ints = __m256i;
  using Floats = __m256;

  static LLAMBA_INLINE Codes Load(const std::byte* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static LLAMBA_INLINE void Store(Codes c, int8_t* p) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), c);
  }
  template <int kAdd>
  static LLAMBA_INLINE Codes AddToCodes(Codes c) {
    return _mm256_add_epi8(c, _mm256_set1_epi8(static_cast<char>(kAdd)));
  }
  // The same, unknown to the compiler.
  static LLAMBA_INLINE Codes Again(Codes c) {
    __asm__ volatile("" : "+x"(c));
    return c;
  }
  static LLAMBA_INLINE Codes Low(Codes c) {
    return _mm256_and_si256(c, _mm256_set1_epi8(15));
  }
  static LLAMBA_INLINE Codes High(Codes c) {
    return Low(_mm256_srli_epi16(c, 4));
  }
  // Bit g of `fifth` becomes bit 4 of the code.
  static LLAMBA_INLINE Codes AddFifth(Codes c, Codes fifth, int g) {
    const Codes moved = g < 4 ? _mm256_slli_epi16(fifth, 4 - g)
                              : _mm256_srli_epi16(fifth, g - 4);
    return _mm256_or_si256(c, _mm256_and_si256(moved, _mm256_set1_epi8(16)));
  }
  static LLAMBA_INLINE Codes Spread(const int8_t* x) {
    int32_t four = 0;
    __builtin_memcpy(&four, x, sizeof four);
    return _mm256_set1_epi32(four);
  }

  static LLAMBA_INLINE Ints ZeroInts() { return _mm256_setzero_si256(); }
  // kFactor * *value, kFactor a power of two.
  template <int kFactor>
  static LLAMBA_INLINE Ints SpreadTimes(const int32_t* value) {
    return _mm256_slli_epi32(_mm256_set1_epi32(*value), __builtin_ctz(kFactor));
  }
  static LLAMBA_INLINE Floats SetFloat(float value) {
    return _mm256_set1_ps(value);
  }
  static LLAMBA_INLINE Floats AsFloats(Ints v) {
    return _mm256_castsi256_ps(v);
  }
  static LLAMBA_INLINE Ints BitsOf(Floats v) { return _mm256_castps_si256(v); }
  static LLAMBA_INLINE Floats ToFloats(Ints v) { return _mm256_cvtepi32_ps(v); }
  static LLAMBA_INLINE Floats LoadHalves(const std::byte* p) {
    return _mm256_cvtph_ps(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static LLAMBA_INLINE Floats LoadBytes(const std::byte* p) {
    return ToFloats(_mm256_cvtepu8_epi32(
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  }
  static LLAMBA_INLINE Floats Negate(Floats a) {
    return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f));
  }
  static LLAMBA_INLINE Floats Add(Floats a, Floats b) {
    return _mm256_add_ps(a, b);
  }
  static LLAMBA_INLINE Floats Sub(Floats a, Floats b) {
    return _mm256_sub_ps(a, b);
  }
  static LLAMBA_INLINE Floats Mul(Floats a, Floats b) {
    return _mm256_mul_ps(a, b);
  }
  static LLAMBA_INLINE Floats MulAdd(Floats a, Floats b, Floats c) {
    return _mm256_fmadd_ps(a, b, c);
  }
  static LLAMBA_INLINE Floats LoadFloats(const float* p) {
    return _mm256_loadu_ps(p);
  }
  static LLAMBA_INLINE void StoreFloats(Floats v, float* p) {
    _mm256_storeu_ps(p, v);
  }
};

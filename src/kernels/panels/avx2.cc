// AVX2: products of bytes go to 16 bits first. Unsigned codes of 4 and 5 bits
// are summed there for several groups; bytes of 8 bits take their sign to the
// activations and go on to 32 bits at once.
#include <immintrin.h>

#include <type_traits>

#include "kernels/panels/panel_kernels.h"
#include "kernels/panels/panels.h"

namespace llamba::panels {
namespace {

#include "kernels/panels/avx2_vectors-inl.h"

struct Vectors : Vectors256 {
  static constexpr int kNarrowTileM = 5;
  static constexpr int kWideTileM = 4;
  static constexpr int kWideOffset = 0;
  using Narrow = __m256i;  // 16 lanes of 16 bits
  struct Wide {
    __m256i magnitude, sign;
  };

  static LLAMBA_INLINE Wide ToWide(Codes c) { return {_mm256_abs_epi8(c), c}; }
  static LLAMBA_INLINE Wide Lookup(Codes nibbles) {
    const __m128i book = _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10,
                                       1, 13, 25, 38, 53, 69, 89, 113);
    return ToWide(
        _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(book), nibbles));
  }

  // Keeps the compiler from making sums of many products, which it would rather
  // hold in memory than add up one by one.
  static LLAMBA_INLINE __m256i InOrder(__m256i sum) {
    __asm__("" : "+x"(sum));
    return sum;
  }
  static LLAMBA_INLINE Narrow StartNarrow(Ints) {
    return _mm256_setzero_si256();
  }
  static LLAMBA_INLINE Narrow AddNarrow(Narrow sum, Codes c, Codes x) {
    return InOrder(_mm256_add_epi16(sum, _mm256_maddubs_epi16(c, x)));
  }
  static LLAMBA_INLINE Ints Flush(Ints sum, Narrow narrow) {
    return InOrder(
        _mm256_add_epi32(sum, _mm256_madd_epi16(narrow, _mm256_set1_epi16(1))));
  }
  // Activations lie within 127 and weights within 128: two products of a
  // magnitude of 128 would be 32,512, which fits.
  static LLAMBA_INLINE Ints AddWide(Ints sum, Wide w, Codes x) {
    const __m256i products =
        _mm256_maddubs_epi16(w.magnitude, _mm256_sign_epi8(x, w.sign));
    return Flush(sum, products);
  }
};

}  // namespace

Kernels Avx2() { return {MatMulPanelsOf<Vectors>, PeakOf<Vectors>}; }

}  // namespace llamba::panels

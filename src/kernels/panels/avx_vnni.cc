// AVX-VNNI: AVX-512's dot product of unsigned by signed bytes with vectors of
// AVX2, as processors of laptops have it. Signed weights are made unsigned by
// adding 128, which is taken off the sum again.
#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <type_traits>

#include "kernels/panels/panel_kernels.h"
#include "kernels/panels/panels.h"
#include "kernels/panels/row_tiles.h"

namespace llamba::panels {
namespace {

#include "kernels/panels/avx2_vectors-inl.h"
//
#include "kernels/panels/unpacked_matmul-inl.h"

struct Vectors : Vectors256 {
  static constexpr int kNarrowTileM = 5;
  static constexpr int kWideTileM = 5;
  static constexpr int kWideOffset = 128;
  static constexpr int kUnpackedPanels = 1;
  static constexpr int kUnpackedTileM = 4;
  using Narrow = __m256i;  // the sums themselves
  using Wide = __m256i;    // plus 128

  static LLAMBA_INLINE Wide ToWide(Codes c) {
    return _mm256_xor_si256(c, _mm256_set1_epi8(-128));
  }
  static LLAMBA_INLINE Wide Lookup(Codes nibbles) {
    // The codebook plus 128.
    const __m128i book = _mm_setr_epi8(1, 24, 45, 63, 79, 93, 106, 118, -127,
                                       -115, -103, -90, -75, -59, -39, -15);
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(book), nibbles);
  }

  static LLAMBA_INLINE Narrow StartNarrow(Ints sum) { return sum; }
  static LLAMBA_INLINE Narrow AddNarrow(Narrow sum, Codes c, Codes x) {
    return _mm256_dpbusd_avx_epi32(sum, c, x);
  }
  static LLAMBA_INLINE Ints Flush(Ints, Narrow narrow) { return narrow; }
  static LLAMBA_INLINE Ints AddWide(Ints sum, Wide w, Codes x) {
    return _mm256_dpbusd_avx_epi32(sum, w, x);
  }
};

}  // namespace

Kernels AvxVnni() {
  return {MatMulUnpacked<Vectors>, PeakOf<Vectors>, RowOrder::kTiles};
}

}  // namespace llamba::panels

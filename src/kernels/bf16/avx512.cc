// AVX-512 with BF16: one instruction adds the products of 16 pairs of columns
// to 16 float32 sums.
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/bf16/bf16_kernels.h"

namespace llamba::bf16 {
namespace {

#include "kernels/repeat-inl.h"
//
#include "kernels/lanes-inl.h"
//
#include "kernels/ahead-inl.h"
//
#include "kernels/bf16/round-inl.h"
//
#include "kernels/rows/tile-inl.h"
//
#include "kernels/rows/groups-inl.h"
//
#include "kernels/rows/product-inl.h"

// What rows/ wants of an instruction set.
struct Vectors {
  using X = uint16_t;
  using Factors = __m512i;
  using Sum = __m512;
  using Four = __m128;
  static constexpr int64_t kStep = bf16::kStep;
  static constexpr int kTileM = 6;
  static constexpr int kPanelTiles = 1;
  static constexpr int64_t kBlockM = 28 * kTileM;
  static constexpr int64_t kBlockN = 64;

  static LLAMBA_INLINE Factors FromFloats(const float* x, int64_t left) {
    return RoundStep(x, left);
  }
  static LLAMBA_INLINE Factors LoadW(const uint16_t* w) {
    return _mm512_loadu_si512(w);
  }
  static LLAMBA_INLINE Factors LoadW(const uint16_t* w, int64_t left) {
    return LoadFirst(reinterpret_cast<const std::byte*>(w), left);
  }
  static LLAMBA_INLINE Factors Load(const X* x) { return _mm512_load_si512(x); }
  static LLAMBA_INLINE void Store(Factors v, X* to) {
    _mm512_store_si512(to, v);
  }

  static LLAMBA_INLINE Sum ZeroSum() { return _mm512_setzero_ps(); }
  static LLAMBA_INLINE Sum MultiplyAdd(Factors a, Factors b, Sum sum) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a),
                            reinterpret_cast<__m512bh>(b));
  }
  // The lanes of four vectors added, each in the one order of all sums: in each
  // block of four lanes 0 with 1 and 2 with 3, then both, then halves of
  // blocks.
  static LLAMBA_INLINE Four SumLanes(Sum a, Sum b, Sum c, Sum d) {
    const auto pairs = [](__m512 v, __m512 w) LLAMBA_INLINE_LAMBDA {
      return _mm512_castps_pd(
          _mm512_add_ps(_mm512_unpacklo_ps(v, w), _mm512_unpackhi_ps(v, w)));
    };
    const __m512d ab = pairs(a, b);
    const __m512d cd = pairs(c, d);
    const __m512 sums =
        _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
                      _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)));
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(sums),
                                      _mm512_extractf32x8_ps(sums, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half),
                      _mm256_extractf128_ps(half, 1));
  }
  static LLAMBA_INLINE Four Add(Four a, Four b) { return _mm_add_ps(a, b); }
  static LLAMBA_INLINE Four LoadFour(const float* p) { return _mm_loadu_ps(p); }
  static LLAMBA_INLINE void StoreFour(Four v, float* to) {
    _mm_storeu_ps(to, v);
  }
};

double Peak(int64_t rounds, float* sink) {
  // Enough chains to hide the latency of a product.
  constexpr int kChains = 12;
  __m512 sums[kChains];
  Repeat<kChains>([&](auto i) LLAMBA_INLINE_LAMBDA {
    // Chains that begin alike would be one chain to the compiler.
    sums[i] = _mm512_set1_ps(*sink * static_cast<float>(i + 1));
  });
  const __m512bh ones =
      reinterpret_cast<__m512bh>(_mm512_set1_epi16(0x3f80));  // 1.0
  for (int64_t r = 0; r < rounds; ++r) {
    Repeat<kChains>([&](auto i) LLAMBA_INLINE_LAMBDA {
      sums[i] = _mm512_dpbf16_ps(sums[i], ones, ones);
    });
  }
  float sum = 0;
  Repeat<kChains>(
      [&](auto i) LLAMBA_INLINE_LAMBDA { sum += _mm512_cvtss_f32(sums[i]); });
  *sink = 1 / sum;
  return static_cast<double>(rounds) * kChains * 32;
}

}  // namespace

const ArrangedProducts& Avx512() {
  static constexpr ArrangedProducts kProducts = {
      ArrangedBytes<Vectors>, Arrange<Vectors>, sizeof(Scratch<Vectors>),
      MultiplyRows<Vectors, uint16_t>, Peak};
  return kProducts;
}

}  // namespace llamba::bf16

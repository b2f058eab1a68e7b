// AVX-512 with VNNI: one instruction adds four products of an unsigned by a
// signed byte to 32 bits. Signed weights are made unsigned by adding 128, which
// is taken off the sum again. For sixteen rows of activations and more, panels
// are unpacked to bytes first; fewer rows read them as they lie.
#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <type_traits>

#include "kernels/panels/panel_kernels.h"
#include "kernels/panels/panels.h"

namespace llamba::panels {
namespace {

#include "kernels/panels/avx512_unpacked-inl.h"

// Panels and rows of a tile: a load of activations serves several panels, and
// the sums fit the registers.
constexpr int kTilePanels = 3;
constexpr int kRows = 4;

// Bytes of activations that stay in the second-level cache while all panels
// pass.
constexpr int64_t kChunkBytes = 1 << 20;

using Group = Unpacked<kTilePanels, Bytes::kUnsigned>;

// kRows rows of activations, from block `slot` on, by kTilePanels panels.
template <bool kHasMin>
struct Tile {
  __m512 sum[kRows][kTilePanels];

  template <class Fn>
  static LLAMBA_INLINE void ForAll(const Fn& fn) {
    Repeat<kRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
      Repeat<kTilePanels>([&](auto p) LLAMBA_INLINE_LAMBDA { fn(i, p); });
    });
  }

  LLAMBA_INLINE void Run(const QuantizedRows& x, const Group& group,
                         int64_t slot) {
    ForAll([&](auto i, auto p)
               LLAMBA_INLINE_LAMBDA { sum[i][p] = _mm512_setzero_ps(); });
    for (int64_t b = 0; b < x.cols / kPanelBlock; ++b) {
      __m512i dot[kRows][kTilePanels];
      ForAll([&](auto i, auto p) LLAMBA_INLINE_LAMBDA {
        dot[i][p] = kHasMin ? _mm512_setzero_si512()
                            : _mm512_set1_epi32(x.less_128[slot + i]);
      });
      AddProducts(group.codes(b), x.codes + slot * kPanelBlock, dot);
      AddScaled(x, group, b, slot, dot);
      slot += kTileRows;
    }
  }

  static LLAMBA_INLINE void AddProducts(const int8_t* codes, const int8_t* x,
                                        __m512i (&dot)[kRows][kTilePanels]) {
    Repeat<8>([&](auto g) LLAMBA_INLINE_LAMBDA {
      __m512i w[kTilePanels];
      Repeat<kTilePanels>([&](auto p) LLAMBA_INLINE_LAMBDA {
        w[p] = _mm512_load_si512(codes + (g * kTilePanels + p) * 64);
      });
      Repeat<kRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
        const __m512i four = Vectors::Spread(x + i * kPanelBlock + 4 * g);
        Repeat<kTilePanels>([&](auto p) LLAMBA_INLINE_LAMBDA {
          dot[i][p] = _mm512_dpbusd_epi32(dot[i][p], w[p], four);
        });
      });
    });
  }

  LLAMBA_INLINE void AddScaled(const QuantizedRows& x, const Group& group,
                               int64_t block, int64_t slot,
                               const __m512i (&dot)[kRows][kTilePanels]) {
    const float* d = group.d(block);
    const float* m = group.m(block);
    ForAll([&](auto i, auto p) LLAMBA_INLINE_LAMBDA {
      const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(dot[i][p]),
                                          _mm512_load_ps(d + p * kPanelRows));
      sum[i][p] = _mm512_fmadd_ps(scaled, _mm512_set1_ps(x.scales[slot + i]),
                                  sum[i][p]);
      if constexpr (kHasMin) {
        sum[i][p] =
            _mm512_fmadd_ps(_mm512_load_ps(m + p * kPanelRows),
                            _mm512_set1_ps(x.sums[slot + i]), sum[i][p]);
      }
    });
  }
};

template <bool kHasMin>
__attribute__((noinline)) void TileByGroup(const PanelMatMulArgs& args,
                                           const Group& group, int64_t panel,
                                           int64_t panel_end, int64_t m) {
  Tile<kHasMin> tile;
  tile.Run(args.x, group, SlotOf(args.x, m, 0));
  Tile<kHasMin>::ForAll([&](auto i, auto p) LLAMBA_INLINE_LAMBDA {
    if (panel + p < panel_end) {
      Finish<Vectors>(args, tile.sum[i][p], m + i, (panel + p) * kPanelRows);
    }
  });
}

// Rows [m_begin, m_end) of whole tiles by the panels.
template <class F>
void RowsByPanels(const PanelMatMulArgs& args, Group& group, int64_t begin,
                  int64_t end, int64_t m_begin, int64_t m_end) {
  for (int64_t panel = begin; panel < end; panel += kTilePanels) {
    for (int p = 0; p < kTilePanels; ++p) {
      // Beyond the last one, that again: what it makes is not stored.
      const int64_t from = std::min(panel + p, end - 1);
      group.template Fill<F>(p, args.panels + from * args.panel_bytes,
                             args.codes_offset, args.x.cols / kPanelBlock);
    }
    for (int64_t m = m_begin; m < m_end; m += kRows) {
      TileByGroup<F::Scales::kHasMin>(args, group, panel, end, m);
    }
  }
}

template <class F>
void WholeTilesByPanels(const PanelMatMulArgs& args, int64_t begin,
                        int64_t end) {
  const int64_t chunk =
      std::max(WholeTiles(kChunkBytes / args.x.cols), kTileRows);
  const int64_t whole = WholeTiles(args.x.m);
  Group group(args.x.cols / kPanelBlock);
  for (int64_t m = 0; m < whole; m += chunk) {
    RowsByPanels<F>(args, group, begin, end, m, std::min(m + chunk, whole));
  }
}

void MatMul(const PanelMatMulArgs& args, int64_t begin, int64_t end) {
  if (args.x.m >= kTileRows) {
    WithFormat(args.dtype, [&](auto format) {
      WholeTilesByPanels<decltype(format)>(args, begin, end);
    });
  }
  const PanelMatMulArgs rest = LeftOver(args);
  if (rest.x.m > 0) MatMulPanelsOf<Vectors>(rest, begin, end);
}

}  // namespace

Kernels Avx512Vnni() { return {MatMul, PeakOf<Vectors>, QuantizeInTiles}; }

}  // namespace llamba::panels

// AVX-512 with VNNI: one instruction adds four products of an unsigned by a
// signed byte to 32 bits. Signed weights are made unsigned by adding 128, which
// is taken off the sum again. For sixteen rows of activations and more, panels
// are unpacked to bytes first; fewer rows read them as they lie.
#include <immintrin.h>

#include <algorithm>
#include <bit>
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

// The panels that come next, fetched a few lines a block while others are
// multiplied.
struct Ahead {
  const std::byte* at = nullptr;
  const std::byte* end = nullptr;
  int64_t lines = 0;  // a block

  LLAMBA_INLINE void Step() {
    for (int64_t i = 0; i < lines && at < end; ++i, at += 64) {
      _mm_prefetch(at, _MM_HINT_T1);
    }
  }
};

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
                         int64_t slot, Ahead ahead) {
    ForAll([&](auto i, auto p)
               LLAMBA_INLINE_LAMBDA { sum[i][p] = _mm512_setzero_ps(); });
    for (int64_t b = 0; b < x.cols / kPanelBlock; ++b) {
      ahead.Step();
      __m512i dot[kRows][kTilePanels];
      ForAll([&](auto i, auto p) LLAMBA_INLINE_LAMBDA {
        dot[i][p] = kHasMin ? _mm512_set1_epi32(kFloatZeroBits)
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
    const float* zero = group.zero(block);
    const float* m = group.m(block);
    ForAll([&](auto i, auto p) LLAMBA_INLINE_LAMBDA {
      // (dot - kFloatZero) d, rounded once as dot d is.
      const __m512 scaled = _mm512_fmadd_ps(
          _mm512_castsi512_ps(dot[i][p]), _mm512_load_ps(d + p * kPanelRows),
          _mm512_load_ps(zero + p * kPanelRows));
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

// Whole tiles of rows by a range of panels.
template <class F>
class Product {
 public:
  Product(const PanelMatMulArgs& args, int64_t begin, int64_t end)
      : args_(args),
        begin_(begin),
        end_(end),
        blocks_(args.x.cols / kPanelBlock),
        group_(blocks_) {}

  void Run() {
    const int64_t chunk =
        std::max(WholeTiles(kChunkBytes / args_.x.cols), kTileRows);
    const int64_t whole = WholeTiles(args_.x.m);
    for (int64_t m = 0; m < whole; m += chunk) {
      const int64_t m_end = std::min(m + chunk, whole);
      for (int64_t p = begin_; p < end_; p += kTilePanels)
        RunGroup(p, m, m_end);
    }
  }

 private:
  static constexpr bool kHasMin = F::Scales::kHasMin;

  const std::byte* Panel(int64_t panel) const {
    return args_.panels + panel * args_.panel_bytes;
  }

  // Rows [m_begin, m_end) by the group from `panel` on.
  void RunGroup(int64_t panel, int64_t m_begin, int64_t m_end) {
    for (int p = 0; p < kTilePanels; ++p) {
      // Beyond the last one, that again: what it makes is not stored.
      group_.template Fill<F>(p, Panel(std::min(panel + p, end_ - 1)),
                              args_.codes_offset, blocks_);
    }
    const std::byte* next = Panel(std::min(panel + kTilePanels, end_));
    const std::byte* next_end = Panel(std::min(panel + 2 * kTilePanels, end_));
    const int64_t share = (next_end - next) * kRows / (m_end - m_begin) + 1;
    for (int64_t m = m_begin; m < m_end; m += kRows, next += share) {
      const std::byte* share_end = std::min(next + share, next_end);
      RunTile(panel, m, {next, share_end, share / 64 / blocks_ + 1});
    }
  }

  __attribute__((noinline)) void RunTile(int64_t panel, int64_t m,
                                         Ahead ahead) const {
    Tile<kHasMin> tile;
    tile.Run(args_.x, group_, SlotOf(args_.x, m, 0), ahead);
    tile.ForAll([&](auto i, auto p) LLAMBA_INLINE_LAMBDA {
      if (panel + p < end_) {
        Finish<Vectors>(args_, tile.sum[i][p], m + i, (panel + p) * kPanelRows);
      }
    });
  }

  const PanelMatMulArgs& args_;
  int64_t begin_, end_;
  int64_t blocks_;
  Group group_;
};

void MatMul(const PanelMatMulArgs& args, int64_t begin, int64_t end) {
  if (args.x.m >= kTileRows) {
    WithFormat(args.dtype, [&](auto format) {
      Product<decltype(format)>(args, begin, end).Run();
    });
  }
  const PanelMatMulArgs rest = LeftOver(args);
  if (rest.x.m > 0) MatMulPanelsOf<Vectors>(rest, begin, end);
}

}  // namespace

Kernels Avx512Vnni() { return {MatMul, PeakOf<Vectors>, QuantizeInTiles}; }

}  // namespace llamba::panels

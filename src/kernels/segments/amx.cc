// AMX: sixteen rows of activations by a panel's sixteen rows a tile, 64 columns
// a product. Panels are made anew in signed bytes of one scale for 256 columns,
// so that a dot product runs over a segment of activations: vectors scale and
// add once for 256 columns, or for 128, what they would for 32.
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/panels/panels.h"
#include "kernels/segments/segment_kernels.h"
#include "kernels/segments/segments.h"

namespace llamba::segments {
namespace {

#include "kernels/panels/avx512_vectors-inl.h"
//
#include "kernels/lanes-inl.h"
//
#include "kernels/ahead-inl.h"
//
#include "kernels/panels/tiles-inl.h"
//
#include "kernels/segments/amx_rows-inl.h"
//
#include "kernels/segments/amx_weights-inl.h"
//
#include "kernels/segments/amx_product-inl.h"

// Sums of kBlockN rows of weights with kBlockGroups groups of x wait in memory.
constexpr int64_t kBlockN = 256;
constexpr int64_t kBlockPanels = kBlockN / kTile;
constexpr int64_t kBlockGroups = 32;
static_assert(kBlockGroups % 2 == 0);  // groups lie in pairs
// Rows of outputs whose lines are on their way.
constexpr int64_t kWriteAhead = 2;

struct Scratch {
  alignas(64) std::byte w[kPanelN * kPanelCols];
  alignas(64) float scales[kPanelN * (kPanelCols / kMostSegment)];
  alignas(64) float sums[kBlockN * kBlockGroups * kTile];
};

// Tiles 0 to 3: dot products; 4 and 5: weights; 6 and 7: x.
TileShapes Shapes() {
  TileShapes shapes;
  for (int i = 0; i < 8; ++i) shapes.Set(i, kTile, kStep);
  return shapes;
}

// Panels [p_begin, p_end) of weights, at most kBlockPanels, by groups
// [g_begin, g_end) of x, at most kBlockGroups.
template <class F>
struct Block {
  const MatMulArgs& args;
  const Rows& rows;
  int64_t codes_offset, p_begin, p_end, g_begin, g_end;
  Scratch& scratch;

  const std::byte* At(int64_t p) const {
    return args.w.data + p * args.w.panel_bytes;
  }
  int64_t cols() const { return args.w.cols; }
  int64_t Count(int64_t k) const { return std::min(kPanelCols, cols() - k); }
  // Sums of two panels with all groups.
  int64_t pair_sums() const { return 2 * (g_end - g_begin) * kTileSums; }

  Panel MakePanel(int64_t p, int64_t k) const {
    const Panel panel = {k, Count(k), std::min<int64_t>(2, p_end - p),
                         scratch.w, scratch.scales};
    float* scales = scratch.scales;
    for (int64_t at = 0; at < panel.count; at += kMostSegment) {
      const int64_t cols = std::min(kMostSegment, panel.count - at);
      std::byte* w = scratch.w + at / kStep * panel.tiles * kTileBytes;
      for (int64_t i = 0; i < panel.tiles; ++i) {
        _mm512_store_ps(
            scales, MakeAnew<F>(At(p + i), codes_offset, (k + at) / kPanelBlock,
                                cols / kPanelBlock, w + i * kTileBytes,
                                panel.tiles * kTileBytes));
        scales += kTile;
      }
    }
    // The compiler believes that loads of tiles read no memory.
    __asm__ volatile("" : : : "memory");
    return panel;
  }

  // The codes behind panels p and p + 1; fetches the scales.
  Ahead<2> Next(int64_t p, int64_t k) const {
    int64_t next = p + 2;
    if (next >= p_end) {
      k += kPanelCols;
      next = k < cols() ? p_begin : p_end;
      if (k >= cols()) k = 0;
    }
    const int64_t end = next < p_end ? p_end : CeilDiv(args.w.rows, kTile);
    const int64_t panels = std::clamp<int64_t>(end - next, 0, 2);
    const int64_t first = k / kPanelBlock;
    const int64_t blocks = Count(k) / kPanelBlock;
    const std::byte* panel = At(next);
    Ahead<2>(panel + F::Scales::Offset(first), args.w.panel_bytes, panels,
             blocks * F::Scales::kBytes, 1)
        .Step();
    // In as many steps as the panel under way has at least.
    return {panel + codes_offset + first * F::kCodeBytes, args.w.panel_bytes,
            panels, blocks * F::kCodeBytes,
            CeilDiv(g_end - g_begin, 2) * Steps(Count(k))};
  }

  template <int kW>
  void MultiplyPanel(const Panel& panel, float* sums, Ahead<2> next) const {
    int64_t g = g_begin;
    Product<kW, 2> pairs(rows);
    for (; g + 1 < g_end; g += 2, sums += pairs.kSums) {
      pairs.Run(panel, g, sums, next);
    }
    pairs.Finish();
    if (g == g_end) return;
    Product<kW, 1> last(rows);
    last.Run(panel, g, sums, next);
    last.Finish();
  }

  void Multiply() const {
    for (int64_t k = 0; k < cols(); k += kPanelCols) {
      float* sums = scratch.sums;
      for (int64_t p = p_begin; p < p_end; p += 2, sums += pair_sums()) {
        const Panel panel = MakePanel(p, k);
        if (panel.tiles == 2) {
          MultiplyPanel<2>(panel, sums, Next(p, k));
        } else {
          MultiplyPanel<1>(panel, sums, Next(p, k));
        }
      }
    }
  }

  // The sums of panel p with group g of x.
  const float* SumsOf(int64_t p, int64_t g) const {
    const int64_t pair = (p - p_begin) / 2 * 2;
    const int64_t w = std::min<int64_t>(2, p_end - p_begin - pair);
    const int64_t even = (g - g_begin) / 2 * 2;
    const int64_t x = std::min<int64_t>(2, g_end - g_begin - even);
    const int64_t tile =
        w * even + (p - p_begin - pair) * x + g - g_begin - even;
    return scratch.sums + pair / 2 * pair_sums() + tile * kTileSums;
  }

  // 16 sums to outputs n and on of row m of x.
  LLAMBA_INLINE void WriteSums(const float* sums, int64_t m, int64_t n) const {
    const __mmask16 lanes = FirstLanes(args.w.rows - n);
    float* y = args.y + m * args.y_stride + n;
    __builtin_prefetch(y + kWriteAhead * args.y_stride, 1, 3);
    __m512 sum = _mm512_load_ps(sums);
    if (args.bias != nullptr) {
      sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, args.bias + n));
    }
    if (args.accumulate) {
      sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, y));
    }
    _mm512_mask_storeu_ps(y, lanes, sum);
  }

  // Row by row, for outputs lie so in memory.
  void Write() const {
    const float* tiles[kBlockPanels];
    for (int64_t g = g_begin; g < g_end; ++g) {
      for (int64_t p = p_begin; p < p_end; ++p) {
        tiles[p - p_begin] = SumsOf(p, g);
      }
      const int64_t rows_of_g = std::min(kTile, args.m - g * kTile);
      for (int64_t r = 0; r < rows_of_g; ++r) {
        for (int64_t p = p_begin; p < p_end; ++p) {
          WriteSums(tiles[p - p_begin] + r * kTile, g * kTile + r, p * kTile);
        }
      }
    }
  }
};

template <class F>
void MultiplyPanels(const MatMulArgs& args, const Rows& rows, std::byte* memory,
                    int64_t p_begin, int64_t p_end) {
  auto& scratch = *reinterpret_cast<Scratch*>(memory);
  const int64_t codes_offset =
      PanelShape(args.w.dtype, args.w.cols).codes_offset;
  const int64_t count = rows.groups.count;
  for (int64_t g = 0; g < count; g += kBlockGroups) {
    for (int64_t p = p_begin; p < p_end; p += kBlockPanels) {
      const Block<F> block = {args,
                              rows,
                              codes_offset,
                              p,
                              std::min(p_end, p + kBlockPanels),
                              g,
                              std::min(count, g + kBlockGroups),
                              scratch};
      block.Multiply();
      block.Write();
    }
  }
}

void MatMul(const MatMulArgs& args, const std::byte* arranged,
            std::byte* memory, int64_t n_begin, int64_t n_end) {
  const Rows rows(args, arranged);
  const TileUse use(Shapes());
  WithFormat(args.w.dtype, [&](auto format) {
    MultiplyPanels<decltype(format)>(args, rows, memory, n_begin / kTile,
                                     CeilDiv(n_end, kTile));
  });
}

}  // namespace

const ArrangedProducts& Amx() {
  static constexpr ArrangedProducts kProducts = {
      ArrangedBytes, ArrangeRows, sizeof(Scratch), MatMul, nullptr};
  return kProducts;
}

}  // namespace llamba::segments

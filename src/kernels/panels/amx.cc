// AMX: sixteen rows of activations by a panel's sixteen rows a tile. The codes
// of a panel are unpacked to signed bytes once for all rows of activations; a
// tile product makes the exact dot products of a block, which are scaled and
// summed as panel_matmul-inl.h does, so that the bits are the same. Fewer than
// sixteen rows go the way of AVX-512.
#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <type_traits>

#include "kernels/panels/panel_kernels.h"
#include "kernels/panels/panels.h"
#include "kernels/panels/row_tiles.h"

namespace llamba::panels {
namespace {

#include "kernels/panels/avx512_vectors-inl.h"
//
#include "kernels/panels/panel_matmul-inl.h"
//
#include "kernels/panels/unpacked_matmul-inl.h"
//
#include "kernels/panels/tiles-inl.h"

using Panel = Unpacked<Vectors, 1, Bytes::kSigned>;

constexpr int64_t kDots = kTileRows * kPanelRows;
constexpr int64_t kTileBytes = kTileRows * kPanelBlock;

// Tile 0: dot products; 1: activations; 2: a block of a panel, 8 groups by 64
// bytes.
TileShapes Shapes() {
  TileShapes shapes;
  shapes.Set(0, kTileRows, 64);
  shapes.Set(1, kTileRows, kPanelBlock);
  shapes.Set(2, kPanelBlock / 4, 64);
  return shapes;
}

// The dot products of a panel with rows of activations, block after block of
// sixteen rows, then of the next sixteen, and after the last from the first on.
class DotProducts {
 public:
  DotProducts(const Panel& panel, int64_t blocks, const int8_t* x,
              int64_t tiles)
      : w_(panel.codes(0)),
        w_begin_(w_),
        w_end_(w_ + blocks * kTileBytes),
        x_(x),
        x_begin_(x),
        x_end_(x + tiles * blocks * kTileBytes) {}

  // Starts those of the next block.
  LLAMBA_INLINE void Start() {
    _tile_loadd(1, x_, kPanelBlock);
    for (int64_t i = 0; i < kTileBytes; i += 64) {
      __builtin_prefetch(x_ + kRowsAhead * kTileBytes + i, 0, 3);
    }
    _tile_zero(0);
    _tile_loadd(2, w_, 64);
    _tile_dpbssd(0, 1, 2);
    w_ += kTileBytes;
    if (w_ == w_end_) w_ = w_begin_;
    x_ += kTileBytes;
    if (x_ == x_end_) x_ = x_begin_;
  }
  // Stores those that were started last.
  static LLAMBA_INLINE void Store(int32_t* dots) { _tile_stored(0, dots, 64); }

 private:
  static_assert(kTileBytes == kPanelRows * kPanelBlock);

  const int8_t *w_, *w_begin_, *w_end_;
  const int8_t *x_, *x_begin_, *x_end_;
};

// Sixteen rows of activations times a panel.
template <bool kHasMin>
struct TileSums {
  __m512 sum[kTileRows];

  LLAMBA_INLINE void Clear() {
    Repeat<kTileRows>(
        [&](auto i) LLAMBA_INLINE_LAMBDA { sum[i] = _mm512_setzero_ps(); });
  }

  // Adds block b, of activations that of `slot`.
  LLAMBA_INLINE void Add(const QuantizedRows& x, int64_t slot,
                         const Panel& panel, int64_t b, const int32_t* dots) {
    const __m512 d = _mm512_load_ps(panel.d(b));
    const float* scales = x.scales + slot;
    const float* sums = x.sums + slot;
    Repeat<kTileRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
      const __m512 dot =
          _mm512_cvtepi32_ps(_mm512_load_si512(dots + i * kPanelRows));
      sum[i] = _mm512_fmadd_ps(dot, _mm512_mul_ps(d, _mm512_set1_ps(scales[i])),
                               sum[i]);
      if constexpr (kHasMin) {
        sum[i] = _mm512_fmadd_ps(_mm512_load_ps(panel.m(b)),
                                 _mm512_set1_ps(sums[i]), sum[i]);
      }
    });
  }
};

// Bytes of activations that stay in the second-level cache while all panels
// pass: tiles ask for more of them than vectors do.
constexpr int64_t kNearBytes = 1 << 20;

// Whole tiles of rows by a range of panels.
template <class F>
class TileProduct {
 public:
  explicit TileProduct(const PanelMatMulArgs& args)
      : args_(args), blocks_(args.x.cols / kPanelBlock), panel_(blocks_) {}

  void Run(int64_t begin, int64_t end) {
    const int64_t rows = WholeTiles(args_.x.m);
    const int64_t chunk =
        std::clamp(WholeTiles(kNearBytes / args_.x.cols), kTileRows, rows);
    for (int64_t m = 0; m < rows; m += chunk) {
      for (int64_t p = begin; p < end; ++p) {
        const std::byte* packed = args_.panels + p * args_.panel_bytes;
        panel_.template Fill<F>(0, packed, args_.codes_offset, 0, blocks_);
        const std::byte* next = packed + args_.panel_bytes;
        const int64_t next_bytes = p + 1 < end ? args_.panel_bytes : 0;
        const int64_t m_end = std::min(m + chunk, rows);
        const int64_t steps = (m_end - m) / kTileRows * blocks_;
        RunPanel(p, m, m_end, AheadRun(next, next_bytes, steps));
      }
    }
  }

 private:
  // Rows [m, m_end) of activations. While the vectors add a block, the dot
  // products of the next one are stored and those of the one after it made: a
  // product, its store and the load of what was stored take longer than the
  // vectors' work, and none of them waits for another here.
  __attribute__((noinline)) void RunPanel(int64_t p, int64_t m, int64_t m_end,
                                          AheadRun next) const {
    const int64_t tiles = (m_end - m) / kTileRows;
    const TileUse use(Shapes());
    DotProducts products(panel_, blocks_, args_.x.codes + m * args_.x.cols,
                         tiles);
    alignas(64) int32_t dots[2][kDots];
    products.Start();
    products.Store(dots[0]);
    products.Start();
    int64_t at = 0;
    for (; m < m_end; m += kTileRows) {
      FetchSums(p, m);
      TileSums<F::Scales::kHasMin> tile;
      tile.Clear();
      const int64_t slot = SlotOf(args_.x, m, 0);
      for (int64_t b = 0; b < blocks_; ++b, at ^= 1) {
        products.Store(dots[at ^ 1]);
        products.Start();
        next.Step();
        tile.Add(args_.x, slot + b * kTileRows, panel_, b, dots[at]);
      }
      Repeat<kTileRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
        Finish<Vectors>(args_, tile.sum[i], m + i, p * kPanelRows);
      });
    }
  }

  // Where the sums will go: stores that wait for memory hold up all else.
  LLAMBA_INLINE void FetchSums(int64_t p, int64_t m) const {
    const float* y = args_.y + m * args_.y_stride + p * kPanelRows;
    for (int64_t i = 0; i < kTileRows; ++i) {
      __builtin_prefetch(y + i * args_.y_stride, 1, 3);
    }
  }

  const PanelMatMulArgs& args_;
  int64_t blocks_;
  Panel panel_;
};

void MatMulTiles(const PanelMatMulArgs& args, int64_t begin, int64_t end) {
  if (args.x.m >= kTileRows) {
    WithFormat(args.dtype, [&](auto format) {
      TileProduct<decltype(format)>(args).Run(begin, end);
    });
  }
  const PanelMatMulArgs rest = LeftOver(args);
  if (rest.x.m > 0) MatMulPanelsOf<Vectors>(rest, begin, end);
}

double Peak(int64_t rounds, float* sink) {
  return TilePeak(rounds, 64, sink, []() LLAMBA_INLINE_LAMBDA {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  });
}

}  // namespace

Kernels Amx() { return {MatMulTiles, Peak, RowOrder::kTiles}; }

}  // namespace llamba::panels

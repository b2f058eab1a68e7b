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
#include "kernels/panels/unpacked_matmul-inl.h"

using Panel = Unpacked<Vectors, 1, Bytes::kSigned>;

// Tiles 0 and 1: 16 x 16 sums; 2 and 3: 16 rows of activations by 32 columns;
// 4 and 5: a block of a panel, 8 groups by 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t column_bytes[16] = {64, 64, 32, 32, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 8, 8};
};

class TileUse {
 public:
  explicit TileUse(const TileConfig& config) {
    // The compiler believes that only eight bytes of it are read.
    __asm__ volatile("" : : "m"(config) : "memory");
    _tile_loadconfig(&config);
  }
  ~TileUse() { _tile_release(); }
  TileUse(const TileUse&) = delete;
  TileUse& operator=(const TileUse&) = delete;
};

// Sixteen rows of activations, from m on, times a panel.
template <class F>
struct TileSums {
  __m512 sum[kTileRows];

  LLAMBA_INLINE void Add(const PanelMatMulArgs& args, const Panel& panel,
                         int64_t m, int64_t b, const int32_t* dots) {
    const __m512 d = _mm512_load_ps(panel.d(b));
    const int64_t slot = SlotOf(args.x, m, b);
    const float* scales = args.x.scales + slot;
    const float* sums = args.x.sums + slot;
    Repeat<kTileRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
      const __m512 dot =
          _mm512_cvtepi32_ps(_mm512_load_si512(dots + i * kPanelRows));
      sum[i] = _mm512_fmadd_ps(_mm512_mul_ps(dot, d), _mm512_set1_ps(scales[i]),
                               sum[i]);
      if constexpr (F::Scales::kHasMin) {
        sum[i] = _mm512_fmadd_ps(_mm512_load_ps(panel.m(b)),
                                 _mm512_set1_ps(sums[i]), sum[i]);
      }
    });
  }

  LLAMBA_INLINE void Run(const PanelMatMulArgs& args, const Panel& panel,
                         int64_t m) {
    const int64_t cols = args.x.cols;
    const int64_t blocks = cols / kPanelBlock;
    const int8_t* x = args.x.codes + m * cols;  // in tiles
    constexpr int64_t kTileBytes = kTileRows * kPanelBlock;
    alignas(64) int32_t dots[2][kTileRows * kPanelRows];
    Repeat<kTileRows>(
        [&](auto i) LLAMBA_INLINE_LAMBDA { sum[i] = _mm512_setzero_ps(); });
    int64_t b = 0;
    for (; b + 2 <= blocks; b += 2) {
      _tile_zero(0);
      _tile_zero(1);
      _tile_loadd(2, x + b * kTileBytes, kPanelBlock);
      _tile_loadd(4, panel.codes(b), 64);
      _tile_dpbssd(0, 2, 4);
      _tile_loadd(3, x + (b + 1) * kTileBytes, kPanelBlock);
      _tile_loadd(5, panel.codes(b + 1), 64);
      _tile_dpbssd(1, 3, 5);
      _tile_stored(0, dots[0], 64);
      _tile_stored(1, dots[1], 64);
      Add(args, panel, m, b, dots[0]);
      Add(args, panel, m, b + 1, dots[1]);
    }
    if (b == blocks) return;
    _tile_zero(0);
    _tile_loadd(2, x + b * kTileBytes, kPanelBlock);
    _tile_loadd(4, panel.codes(b), 64);
    _tile_dpbssd(0, 2, 4);
    _tile_stored(0, dots[0], 64);
    Add(args, panel, m, b, dots[0]);
  }
};

template <class F>
__attribute__((noinline)) void TilePanel(const PanelMatMulArgs& args,
                                         const Panel& unpacked, int64_t panel,
                                         int64_t m) {
  TileSums<F> tile;
  tile.Run(args, unpacked, m);
  Repeat<kTileRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
    Finish<Vectors>(args, tile.sum[i], m + i, panel * kPanelRows);
  });
}

template <class F>
void Tiles(const PanelMatMulArgs& args, int64_t begin, int64_t end,
           int64_t rows) {
  const int64_t blocks = args.x.cols / kPanelBlock;
  Panel unpacked(blocks);
  const TileUse use{TileConfig()};
  for (int64_t panel = begin; panel < end; ++panel) {
    unpacked.template Fill<F>(0, args.panels + panel * args.panel_bytes,
                              args.codes_offset, 0, blocks);
    for (int64_t m = 0; m < rows; m += kTileRows) {
      TilePanel<F>(args, unpacked, panel, m);
    }
  }
}

void MatMulTiles(const PanelMatMulArgs& args, int64_t begin, int64_t end) {
  const int64_t rows = WholeTiles(args.x.m);
  if (rows > 0) {
    WithFormat(args.dtype, [&](auto format) {
      Tiles<decltype(format)>(args, begin, end, rows);
    });
  }
  const PanelMatMulArgs rest = LeftOver(args);
  if (rest.x.m > 0) MatMulPanelsOf<Vectors>(rest, begin, end);
}

double TilePeak(int64_t rounds, float* sink) {
  // As wide as tiles are: rows of 64 bytes.
  constexpr TileConfig kFull = {
      .column_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
      .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
  const TileUse use(kFull);
  alignas(64) int8_t ones[kTileRows * 64];
  __builtin_memset(ones, 1, sizeof ones);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, ones, 64);
  _tile_loadd(5, ones, 64);
  _tile_loadd(6, ones, 64);
  _tile_loadd(7, ones, 64);
  for (int64_t i = 0; i < rounds; ++i) {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  }
  alignas(64) int32_t sums[kTileRows * kPanelRows];
  _tile_stored(3, sums, 64);
  *sink += static_cast<float>(sums[0]);
  return static_cast<double>(rounds) * 4 * 16 * 16 * 64;
}

}  // namespace

Kernels Amx() { return {MatMulTiles, TilePeak, RowOrder::kTiles}; }

}  // namespace llamba::panels

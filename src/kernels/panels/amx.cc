// AMX: sixteen rows of activations by a panel's sixteen rows a tile. The codes
// of a panel are unpacked to signed bytes once for all rows of activations; a
// tile product makes the exact dot products of a block, which are scaled and
// summed as panel_matmul-inl.h does, so that the bits are the same. Fewer than
// sixteen rows go the way of AVX-512.
#include <immintrin.h>

#include <cstdlib>
#include <type_traits>

#include "kernels/panels/panel_kernels.h"
#include "kernels/panels/panels.h"

namespace llamba::panels {
namespace {

#include "kernels/panels/avx512_vectors-inl.h"

constexpr int64_t kTileRows = 16;
constexpr int64_t kBlockBytes = kPanelRows * kPanelBlock;

// Tiles 0 and 1: 16 x 16 sums; 2 and 3: 16 rows of activations by 32 columns;
// 4 and 5: a block of a panel, 8 groups by 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t column_bytes[16] = {64, 64, 32, 32, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 8, 8};
};

// Activations lie as tiles read them: of every whole 16 rows, block after
// block, the 32 columns of each row; the rows left over row by row.
int8_t* CodesAt(const QuantizedRows& rows, int64_t m, int64_t block) {
  const int64_t whole = rows.m / kTileRows * kTileRows;
  if (m >= whole) return rows.codes + m * rows.cols + block * kPanelBlock;
  return rows.codes + m / kTileRows * kTileRows * rows.cols +
         (block * kTileRows + m % kTileRows) * kPanelBlock;
}

// See cpu/quantize_rows.cc: the same values.
void QuantizeBlock(const float* x, const QuantizedRows& out, int64_t m,
                   int64_t block) {
  const __m512 low = _mm512_loadu_ps(x);
  const __m512 high = _mm512_loadu_ps(x + 16);
  const float max = _mm512_reduce_max_ps(
      _mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
  const __m512 none = _mm512_setzero_ps();
  // Not zero where a value is not finite.
  const float taint = _mm512_reduce_add_ps(
      _mm512_fmadd_ps(low, none, _mm512_mul_ps(high, none)));
  const bool zero = max < 1e-30f;
  const __m512 factor = _mm512_set1_ps(zero ? 0.0f : 127.0f / max);
  const __m512i first = _mm512_cvtps_epi32(_mm512_mul_ps(low, factor));
  const __m512i second = _mm512_cvtps_epi32(_mm512_mul_ps(high, factor));
  auto* codes = reinterpret_cast<__m128i*>(CodesAt(out, m, block));
  _mm_storeu_si128(codes, _mm512_cvtsepi32_epi8(first));
  _mm_storeu_si128(codes + 1, _mm512_cvtsepi32_epi8(second));
  const int64_t at = m * (out.cols / kPanelBlock) + block;
  out.scales[at] = (zero ? 0.0f : max / 127.0f) + taint;
  out.code_sums[at] = _mm512_reduce_add_epi32(_mm512_add_epi32(first, second));
  out.sums[at] = out.scales[at] * static_cast<float>(out.code_sums[at]);
}

void QuantizeTiles(const QuantizeArgs& args, int64_t m_begin, int64_t m_end) {
  for (int64_t m = m_begin; m < m_end; ++m) {
    const float* x = args.x + m * args.x_stride;
    for (int64_t b = 0; b < args.out.cols / kPanelBlock; ++b) {
      QuantizeBlock(x + b * kPanelBlock, args.out, m, b);
    }
  }
}

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

// A panel as signed bytes and scales in float, reused from panel to panel.
class Unpacked {
 public:
  explicit Unpacked(int64_t blocks)
      : codes_(Allocate<int8_t>(blocks * kBlockBytes)),
        d_(Allocate<float>(blocks * kPanelRows)),
        m_(Allocate<float>(blocks * kPanelRows)) {}
  ~Unpacked() {
    std::free(codes_);
    std::free(d_);
    std::free(m_);
  }
  Unpacked(const Unpacked&) = delete;
  Unpacked& operator=(const Unpacked&) = delete;

  bool ok() const {
    return codes_ != nullptr && d_ != nullptr && m_ != nullptr;
  }
  const int8_t* codes(int64_t block) const {
    return codes_ + block * kBlockBytes;
  }
  __m512 d(int64_t block) const {
    return _mm512_load_ps(d_ + block * kPanelRows);
  }
  __m512 m(int64_t block) const {
    return _mm512_load_ps(m_ + block * kPanelRows);
  }

  template <class F>
  void Fill(const std::byte* panel, int64_t codes_offset, int64_t blocks) {
    for (int64_t b = 0; b < blocks; ++b) {
      int8_t* to = codes_ + b * kBlockBytes;
      F::template ForGroups<Vectors, 1>(
          panel + codes_offset + b * F::kCodeBytes, 0,
          [to](int g, const Halves<__m512i, 1>& codes) LLAMBA_INLINE_LAMBDA {
            __m512i w = codes.half[0];
            if constexpr (F::kWide) {
              w = _mm512_xor_si512(w, _mm512_set1_epi8(-128));
            } else if constexpr (F::kOffset != 0) {
              w = _mm512_sub_epi8(w, _mm512_set1_epi8(F::kOffset));
            }
            _mm512_store_si512(to + g * 64, w);
          });
      const auto scale = F::Scales::template Load<Vectors>(panel, b, 0);
      _mm512_store_ps(d_ + b * kPanelRows, scale.d);
      if constexpr (F::Scales::kHasMin) {
        _mm512_store_ps(m_ + b * kPanelRows, scale.m);
      }
    }
  }

 private:
  template <typename T>
  static T* Allocate(int64_t count) {
    const size_t bytes = static_cast<size_t>(count) * sizeof(T);
    return static_cast<T*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
  }

  int8_t* codes_;
  float* d_;
  float* m_;
};

// Sixteen rows of activations, from m on, times a panel.
template <class F>
struct TileSums {
  __m512 sum[kTileRows];

  LLAMBA_INLINE void Add(const PanelMatMulArgs& args, const Unpacked& panel,
                         int64_t m, int64_t b, const int32_t* dots) {
    const int64_t blocks = args.x.cols / kPanelBlock;
    const __m512 d = panel.d(b);
    const float* scales = args.x.scales + m * blocks + b;
    const float* sums = args.x.sums + m * blocks + b;
    Repeat<kTileRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
      const __m512 dot =
          _mm512_cvtepi32_ps(_mm512_load_si512(dots + i * kPanelRows));
      sum[i] = _mm512_fmadd_ps(_mm512_mul_ps(dot, d),
                               _mm512_set1_ps(scales[i * blocks]), sum[i]);
      if constexpr (F::Scales::kHasMin) {
        sum[i] = _mm512_fmadd_ps(panel.m(b), _mm512_set1_ps(sums[i * blocks]),
                                 sum[i]);
      }
    });
  }

  LLAMBA_INLINE void Run(const PanelMatMulArgs& args, const Unpacked& panel,
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
                                         const Unpacked& unpacked,
                                         int64_t panel, int64_t m) {
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
  Unpacked unpacked(blocks);
  if (!unpacked.ok()) std::abort();
  const TileUse use{TileConfig()};
  for (int64_t panel = begin; panel < end; ++panel) {
    unpacked.template Fill<F>(args.panels + panel * args.panel_bytes,
                              args.codes_offset, blocks);
    for (int64_t m = 0; m < rows; m += kTileRows) {
      TilePanel<F>(args, unpacked, panel, m);
    }
  }
}

void MatMulTiles(const PanelMatMulArgs& args, int64_t begin, int64_t end) {
  const int64_t rows = args.x.m / kTileRows * kTileRows;
  if (rows > 0) {
    WithFormat(args.dtype, [&](auto format) {
      Tiles<decltype(format)>(args, begin, end, rows);
    });
  }
  if (rows == args.x.m) return;
  PanelMatMulArgs rest = args;
  rest.x = RowsFrom(args.x, rows);
  rest.y += rows * args.y_stride;
  MatMulPanelsOf<Vectors>(rest, begin, end);
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

Kernels Amx() { return {MatMulTiles, TilePeak, QuantizeTiles}; }

}  // namespace llamba::panels

// AVX-512 with BF16: one instruction adds the products of 16 pairs of columns
// to 16 float32 sums.
//
// Columns come in blocks of kBlockK. An output has one vector of sums, to which
// 32 columns after 32 columns of a block are added in ascending order, the last
// padded with zeros, and whose lanes are then added in one fixed tree; blocks
// are added in ascending order. No tile shape changes that.
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/bf16/bf16_kernels.h"

namespace llamba::bf16 {
namespace {

#include "kernels/repeat-inl.h"
//
#include "kernels/bf16/round-inl.h"
//
#include "kernels/bf16/avx512_rows-inl.h"
//
#include "kernels/bf16/avx512_tile-inl.h"
//
#include "kernels/bf16/ahead-inl.h"

// Bytes of a row of weights that are on their way while few rows of x are
// multiplied; and, where a tile is busy with several, those on their way to the
// second-level cache, which can wait for more lines at a time.
constexpr int64_t kFetchNear = 1024;
constexpr int64_t kFetchFar = 8192;

// Columns whose sums share a vector; of kTileN rows of weights, they are kept
// side by side in half of the first-level cache while rows of x pass.
constexpr int64_t kBlockK = 2048;
// Groups of rows of x, kept in the second-level cache, that such a panel
// serves, and rows of weights whose sums with these wait for the next columns.
constexpr int64_t kBlockGroups = 28;
constexpr int64_t kBlockN = 64;

const std::byte* WeightRow(const MatMulArgs& args, int64_t n) {
  return args.w.data + n * args.w.row_bytes;
}

// Adds up to kBlockK columns of kN rows of weights, each from a place of its
// own in memory, by the rows of x of one group. A processor's own prefetchers
// stop at every page, and a row of weights is often just one.
template <int kM, int kN>
LLAMBA_INLINE void AddStreams(const std::byte* (&w)[kN], const uint16_t*& x,
                              int64_t cols, Tile<kM, kN>& tile) {
  for (; cols >= kStep; cols -= kStep, x += kM * kStep) {
    for (const std::byte* row : w) {
      __builtin_prefetch(row + kFetchNear, 0, 3);
      if constexpr (kM > 2) __builtin_prefetch(row + kFetchFar, 0, 2);
    }
    tile.Add(x, [&](auto j) LLAMBA_INLINE_LAMBDA { return LoadStep(w[j]); });
    for (const std::byte*& row : w) row += kStepBytes;
  }
  if (cols > 0) {
    tile.Add(
        x, [&](auto j) LLAMBA_INLINE_LAMBDA { return LoadFirst(w[j], cols); });
  }
}

// The same of all columns.
template <int kM, int kN>
LLAMBA_INLINE Sums<kM> SumStreams(const std::byte* (&w)[kN], const uint16_t* x,
                                  int64_t cols) {
  Sums<kM> sums = {};
  for (int64_t k = 0; k < cols; k += kBlockK) {
    Tile<kM, kN> tile;
    tile.Clear();
    AddStreams(w, x, std::min(kBlockK, cols - k), tile);
    tile.AddTo(sums, k == 0);
  }
  return sums;
}

// Rows of x that fit one tile. The range is cut into kTileN blocks of
// neighbouring rows, read side by side, each from its first row to its last
// without a gap: runs that prefetchers can learn.
template <int kM>
__attribute__((noinline)) void StreamRows(const MatMulArgs& args,
                                          const uint16_t* x, int64_t m,
                                          int64_t n_begin, int64_t n_end) {
  const int64_t block = (n_end - n_begin) / kTileN;
  for (int64_t i = 0; i < block; ++i) {
    const std::byte* w[kTileN];
    for (int64_t j = 0; j < kTileN; ++j) {
      w[j] = WeightRow(args, n_begin + j * block + i);
    }
    FinishApart<kM, kTileN>(args, m, n_begin + i, block,
                            SumStreams<kM, kTileN>(w, x, args.w.cols));
  }
  for (int64_t n = n_begin + block * kTileN; n < n_end; ++n) {
    const std::byte* w[1] = {WeightRow(args, n)};
    FinishApart<kM, 1>(args, m, n, 0, SumStreams<kM, 1>(w, x, args.w.cols));
  }
}

// A panel of weights, step after step, rows side by side, and the sums that
// wait, those of four outputs next to each other.
struct Scratch {
  alignas(64) uint16_t w[kTileN * kBlockK];
  __m128 waiting[kBlockGroups * kTileM * (kBlockN / kTileN + kTileN - 1)];
};

// Columns [k, k + count) of kN rows of weights, from row n on.
template <int kN>
struct Panel {
  const MatMulArgs& args;
  int64_t n, k, count;
  uint16_t* w;  // where it lies once the first tile has read it

  bool is_first() const { return k == 0; }
  bool is_last() const { return k + count >= args.w.cols; }
};

// Adds the panel to the tile of one group of rows of x. The first tile reads
// the panel where it lies in memory and puts it side by side.
template <int kM, int kN, bool kFirst>
__attribute__((noinline)) void PanelTile(const Panel<kN>& panel,
                                         const uint16_t* x, int64_t m,
                                         __m128* waiting) {
  // Stores that waited for memory would hold up all else.
  for (int i = 0; i < kM; ++i) {
    __builtin_prefetch(panel.args.y + (m + i) * panel.args.y_stride + panel.n,
                       1, 3);
  }
  Tile<kM, kN> tile;
  tile.Clear();
  uint16_t* w = panel.w;
  const std::byte* from = WeightRow(panel.args, panel.n) + panel.k * 2;
  for (int64_t left = panel.count; left > 0; left -= kStep) {
    tile.Add(x, [&](auto j) LLAMBA_INLINE_LAMBDA {
      if constexpr (!kFirst) return _mm512_load_si512(w + j * kStep);
      const std::byte* row = from + j * panel.args.w.row_bytes;
      const __m512i v = left >= kStep ? LoadStep(row) : LoadFirst(row, left);
      _mm512_store_si512(w + j * kStep, v);
      return v;
    });
    x += kM * kStep;
    w += kN * kStep;
    from += kStepBytes;
  }
  Sums<kM> all = {};
  if (!panel.is_first()) std::copy_n(waiting, kM, all.of);
  tile.AddTo(all, panel.is_first());
  if (panel.is_last()) {
    Finish<kM, kN>(panel.args, m, panel.n, all);
  } else {
    std::copy_n(all.of, kM, waiting);
  }
}

// The panel by groups [g, g_end) of rows of x; `waiting` is where
// their sums wait.
template <int kN>
void PanelGroups(const Panel<kN>& panel, const RowGroups& x, int64_t g,
                 int64_t g_end, __m128* waiting, Ahead<2> ahead) {
  for (int64_t first = g; g < g_end; ++g) {
    ahead.Step();
    const int64_t m = x.First(g);
    WithRows(x.Rows(g), [&](auto rows) {
      const uint16_t* at = x.group(g) + panel.k * rows;
      if (g == first) {
        PanelTile<rows, kN, true>(panel, at, m, waiting);
      } else {
        PanelTile<rows, kN, false>(panel, at, m, waiting);
      }
      waiting += rows;
    });
  }
}

// Groups [g, g_end) of rows of x by rows [n_begin, n_end) of weights, at most
// kBlockN.
void Block(const MatMulArgs& args, const RowGroups& x, int64_t g, int64_t g_end,
           int64_t n_begin, int64_t n_end, Scratch& scratch) {
  const int64_t cols = args.w.cols;
  for (int64_t k = 0; k < cols; k += kBlockK) {
    const int64_t count = std::min(kBlockK, cols - k);
    __m128* waiting = scratch.waiting;
    for (int64_t n = n_begin; n < n_end;) {
      const int64_t rows = n + kTileN <= n_end ? kTileN : 1;
      const bool end = n + rows == n_end;
      const bool turn = end && k + kBlockK < cols;
      const int64_t next = turn ? n_begin : n + rows;
      const int64_t next_k = turn ? k + kBlockK : end ? 0 : k;
      const Ahead<2> ahead(WeightRow(args, next) + next_k * 2, args.w.row_bytes,
                           std::min<int64_t>(kTileN, args.w.rows - next),
                           std::min(kBlockK, cols - next_k) * 2, g_end - g);
      if (rows == kTileN) {
        PanelGroups<kTileN>({args, n, k, count, scratch.w}, x, g, g_end,
                            waiting, ahead);
      } else {
        PanelGroups<1>({args, n, k, count, scratch.w}, x, g, g_end, waiting,
                       ahead);
      }
      waiting += x.First(g_end) - x.First(g);
      n += rows;
    }
  }
}

__attribute__((noinline)) void ManyRows(const MatMulArgs& args,
                                        const RowGroups& x, Scratch& scratch,
                                        int64_t n_begin, int64_t n_end) {
  const int64_t blocks = (x.count() + kBlockGroups - 1) / kBlockGroups;
  const int64_t groups = (x.count() + blocks - 1) / blocks;
  for (int64_t g = 0; g < x.count(); g += groups) {
    for (int64_t n = n_begin; n < n_end; n += kBlockN) {
      Block(args, x, g, std::min(x.count(), g + groups), n,
            std::min(n_end, n + kBlockN), scratch);
    }
  }
}

void MatMul(const MatMulArgs& args, const std::byte* rounded, std::byte* memory,
            int64_t n_begin, int64_t n_end) {
  const RowGroups x(args.m, args.w.cols, rounded);
  if (x.count() > 1 && args.w.cols > 0) {
    ManyRows(args, x, *reinterpret_cast<Scratch*>(memory), n_begin, n_end);
    return;
  }
  for (int64_t g = 0; g < x.count(); ++g) {
    WithRows(x.Rows(g), [&](auto rows) {
      StreamRows<rows>(args, x.group(g), x.First(g), n_begin, n_end);
    });
  }
}

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

const Bf16Kernels& Avx512() {
  static constexpr Bf16Kernels kKernels = {RoundedBytes, RoundRows,
                                           sizeof(Scratch), MatMul, Peak};
  return kKernels;
}

}  // namespace llamba::bf16

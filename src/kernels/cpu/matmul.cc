#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/matmul.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/dot-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

// Rows of w in a tile, when there is one row of x and when there are more, and
// rows of x at most.
constexpr int kVectorRows = 4;
constexpr int kTileN = 4;
constexpr int kTileM = kManyRegisters ? 6 : 3;

// Bytes of a row that are on their way while one row of x is multiplied.
constexpr int64_t kFetchAhead = 1024;

// From this many rows of x on, weights are converted to float once for all of
// them, a panel (kPanelRows x kPanelK) at a time: half of the smallest L1,
// three quarters where vectors are so fast that the second-level cache, which
// rows of x come from, sets the pace.
constexpr int64_t kPackedM = 16;
constexpr int64_t kPanelRows = kManyRegisters ? 12 : 8;
constexpr int64_t kPanelK = 512;
// Rows of x (kBlockM, a multiple of every kTileM) that one conversion serves,
// and rows of w that one pass over a block of x (kBlockM x kPanelK, 200 KB of
// the L2) serves. Accumulators of both wait in memory between two panels.
constexpr int64_t kBlockM = 96;
constexpr int64_t kBlockN = 3 * kPanelRows;

template <typename T>
HWY_INLINE const T* WeightRow(const MatMulArgs& args, int64_t n) {
  return reinterpret_cast<const T*>(args.w.data + n * args.w.row_bytes);
}

HWY_INLINE void Finish(const MatMulArgs& args, int64_t m, int64_t n, VF sum) {
  float& y = args.y[m * args.y_stride + n];
  float value = SumLanes(sum);
  if (args.bias != nullptr) value += args.bias[n];
  if (args.accumulate) value += y;
  y = value;
}

// The same of four outputs next to each other.
HWY_INLINE void FinishFour(const MatMulArgs& args, int64_t m, int64_t n,
                           V4 value) {
  const D4 d;
  float* y = args.y + m * args.y_stride + n;
  if (args.bias != nullptr) value = hn::Add(value, hn::LoadU(d, args.bias + n));
  if (args.accumulate) value = hn::Add(value, hn::LoadU(d, y));
  hn::StoreU(value, d, y);
}

template <int kM, int kN>
HWY_INLINE void FinishTile(const MatMulArgs& args, int64_t m, int64_t n,
                           const DotTile<kM, kN>& tile) {
  Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
    if constexpr (kN == 4 && kHasFour) {
      FinishFour(args, m + i, n, tile.Sums(i));
    } else {
      Repeat<kN>([&](auto j) LLAMBA_INLINE_LAMBDA {
        Finish(args, m + i, n + j, tile.acc[i][j]);
      });
    }
  });
}

// Calls fn(m, rows) with rows an integral constant for tiles of at most kTileM
// rows that cover [begin, end), as even in size as can be: a tile of one row
// would leave the multipliers waiting for their own results.
template <int kM, class Fn>
HWY_INLINE void ForTile(int64_t rows, int64_t m, const Fn& fn) {
  if constexpr (kM > 0) {
    if (rows == kM) {
      fn(m, std::integral_constant<int, kM>());
    } else {
      ForTile<kM - 1>(rows, m, fn);
    }
  }
}

template <class Fn>
HWY_INLINE void ForTiles(int64_t begin, int64_t end, const Fn& fn) {
  for (int64_t m = begin; m < end;) {
    const int64_t left = end - m;
    const int64_t tiles = (left + kTileM - 1) / kTileM;
    const int64_t rows = (left + tiles - 1) / tiles;
    ForTile<kTileM>(rows, m, fn);
    m += rows;
  }
}

// kN rows of w, straight from memory, times all rows of x.
template <typename T, int kN>
HWY_INLINE void DirectRows(const MatMulArgs& args, int64_t n) {
  const T* w[kN];
  for (int j = 0; j < kN; ++j) w[j] = WeightRow<T>(args, n + j);
  ForTiles(0, args.m, [&](int64_t m, auto rows) HWY_ATTR {
    const float* x[rows];
    for (int i = 0; i < rows; ++i) x[i] = args.x + (m + i) * args.x_stride;
    DotTile<rows, kN> tile;
    tile.Clear();
    tile.Add(x, w, args.w.cols);
    FinishTile(args, m, n, tile);
  });
}

// Adds all columns of kVectorRows rows that lie far apart in memory, a cache
// line of each in turn.
template <typename T>
HWY_INLINE void StreamRows(const MatMulArgs& args, const T* (&w)[kVectorRows],
                           DotTile<1, kVectorRows>& tile) {
  constexpr int64_t kLine = HWY_MAX(64 / int64_t{sizeof(T)}, kLanes);
  const float* x = args.x;
  int64_t left = args.w.cols;
  for (; left >= kLine; left -= kLine) {
    for (int j = 0; j < kVectorRows; ++j) {
      hwy::Prefetch(w[j] + kFetchAhead / int64_t{sizeof(T)});
    }
    tile.Add({x}, w, kLine);
    x += kLine;
    for (int j = 0; j < kVectorRows; ++j) w[j] += kLine;
  }
  tile.Add({x}, w, left);
}

// The range is cut into kVectorRows blocks of neighbouring rows, read side by
// side, each from its first row to its last without a gap. A processor's own
// prefetchers stop at every page, and a row of bf16 weights is often just one:
// rows next to each other, read side by side, leave them no run to learn.
template <typename T>
HWY_NOINLINE void MatVec(const MatMulArgs& args, int64_t n_begin,
                         int64_t n_end) {
  const int64_t block = (n_end - n_begin) / kVectorRows;
  for (int64_t i = 0; i < block; ++i) {
    const T* w[kVectorRows];
    for (int j = 0; j < kVectorRows; ++j) {
      w[j] = WeightRow<T>(args, n_begin + j * block + i);
    }
    DotTile<1, kVectorRows> tile;
    tile.Clear();
    StreamRows<T>(args, w, tile);
    for (int j = 0; j < kVectorRows; ++j) {
      Finish(args, 0, n_begin + j * block + i, tile.acc[0][j]);
    }
  }
  for (int64_t n = n_begin + block * kVectorRows; n < n_end; ++n) {
    DotTile<1, 1> tile;
    tile.Clear();
    tile.Add({args.x}, {WeightRow<T>(args, n)}, args.w.cols);
    Finish(args, 0, n, tile.acc[0][0]);
  }
}

template <typename T>
HWY_NOINLINE void FewRows(const MatMulArgs& args, int64_t n_begin,
                          int64_t n_end) {
  int64_t n = n_begin;
  for (; n + kTileN <= n_end; n += kTileN) DirectRows<T, kTileN>(args, n);
  for (; n < n_end; ++n) DirectRows<T, 1>(args, n);
}

// A panel of weights as floats, rows kPanelK apart, padded with zeros to whole
// vectors, and the accumulators of a block, tile after tile.
struct Panel {
  HWY_ALIGN float w[kPanelRows * kPanelK];
  HWY_ALIGN float acc[kBlockM * kBlockN * kLanes];
};

template <typename T>
HWY_INLINE void Pack(const MatMulArgs& args, int64_t n, int64_t rows, int64_t k,
                     int64_t count, Panel& panel) {
  const DF df;
  for (int64_t j = 0; j < rows; ++j) {
    const T* from = WeightRow<T>(args, n + j) + k;
    float* to = panel.w + j * kPanelK;
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
      hn::Store(LoadFloats(from + i), df, to + i);
    }
    if (i < count) hn::Store(LoadFirst(from + i, count - i), df, to + i);
  }
}

// Adds columns [k, k + count) to the tile of x's rows m.. and panel rows j...
template <int kM, int kN>
HWY_NOINLINE void PackedTile(const MatMulArgs& args, int64_t m, int64_t n,
                             int64_t j, int64_t k, int64_t count, float* acc,
                             const Panel& panel) {
  const float* x[kM];
  for (int i = 0; i < kM; ++i) x[i] = args.x + (m + i) * args.x_stride + k;
  const float* w[kN];
  for (int i = 0; i < kN; ++i) w[i] = panel.w + (j + i) * kPanelK;
  DotTile<kM, kN> tile;
  if (k == 0) {
    tile.Clear();
  } else {
    tile.Load(acc);
  }
  tile.Add(x, w, count);
  if (k + count == args.w.cols) {
    FinishTile(args, m, n + j, tile);
  } else {
    tile.Store(acc);
  }
}

// The weights that are packed next, fetched a few rows a tile: a pass over a
// panel is too short for the processor to learn where the next one lies.
template <typename T>
class Ahead {
 public:
  // The panel of rows from n on and columns from k on, in `tiles` steps.
  Ahead(const MatMulArgs& args, int64_t n, int64_t k, int64_t tiles)
      : args_(args),
        n_(n),
        n_end_(HWY_MIN(args.w.rows, n + kPanelRows)),
        k_(k),
        rows_((kPanelRows + tiles - 1) / tiles) {}

  void Step() {
    const auto bytes = HWY_MIN(kPanelK, args_.w.cols - k_) * int64_t{sizeof(T)};
    for (int64_t i = 0; i < rows_ && n_ < n_end_; ++i, ++n_) {
      const auto* row =
          reinterpret_cast<const std::byte*>(WeightRow<T>(args_, n_) + k_);
      for (int64_t at = 0; at < bytes; at += 64) {
        // Into the second-level cache.
        __builtin_prefetch(row + at, 0, 2);
      }
    }
  }

 private:
  const MatMulArgs& args_;
  int64_t n_, n_end_, k_, rows_;
};

// Columns [k, k + count) of the panel's rows n .. n + rows - 1, for rows
// [m_begin, m_end) of x; acc is where the accumulators of these lie.
template <typename T>
HWY_INLINE void PackedPanel(const MatMulArgs& args, int64_t m_begin,
                            int64_t m_end, int64_t n, int64_t rows, int64_t k,
                            int64_t count, float* acc, Panel& panel,
                            Ahead<T> ahead) {
  Pack<T>(args, n, rows, k, count, panel);
  ForTiles(m_begin, m_end, [&](int64_t m, auto tile_m) HWY_ATTR {
    ahead.Step();
    int64_t j = 0;
    for (; j + kTileN <= rows; j += kTileN) {
      PackedTile<tile_m, kTileN>(args, m, n, j, k, count, acc, panel);
      acc += tile_m * kTileN * kLanes;
    }
    for (; j < rows; ++j) {
      PackedTile<tile_m, 1>(args, m, n, j, k, count, acc, panel);
      acc += tile_m * kLanes;
    }
  });
}

template <typename T>
HWY_INLINE void PackedBlock(const MatMulArgs& args, int64_t m_begin,
                            int64_t m_end, int64_t n_begin, int64_t n_end,
                            Panel& panel) {
  const int64_t tiles = (m_end - m_begin + kTileM - 1) / kTileM;
  for (int64_t k = 0; k < args.w.cols; k += kPanelK) {
    const int64_t count = HWY_MIN(kPanelK, args.w.cols - k);
    for (int64_t n = n_begin; n < n_end; n += kPanelRows) {
      float* acc = panel.acc + (n - n_begin) * kBlockM * kLanes;
      const Ahead<T> ahead = n + kPanelRows < n_end
                                 ? Ahead<T>(args, n + kPanelRows, k, tiles)
                             : k + kPanelK < args.w.cols
                                 ? Ahead<T>(args, n_begin, k + kPanelK, tiles)
                                 : Ahead<T>(args, n_end, 0, tiles);
      PackedPanel<T>(args, m_begin, m_end, n, HWY_MIN(kPanelRows, n_end - n), k,
                     count, acc, panel, ahead);
    }
  }
}

template <typename T>
HWY_NOINLINE void ManyRows(const MatMulArgs& args, int64_t n_begin,
                           int64_t n_end) {
  Panel panel;
  for (int64_t m = 0; m < args.m; m += kBlockM) {
    for (int64_t n = n_begin; n < n_end; n += kBlockN) {
      PackedBlock<T>(args, m, HWY_MIN(args.m, m + kBlockM), n,
                     HWY_MIN(n_end, n + kBlockN), panel);
    }
  }
}

template <typename T>
HWY_INLINE void MatMulOf(const MatMulArgs& args, int64_t n_begin,
                         int64_t n_end) {
  if (args.m == 1) {
    MatVec<T>(args, n_begin, n_end);
  } else if (args.m < kPackedM || args.w.cols == 0) {
    FewRows<T>(args, n_begin, n_end);
  } else {
    ManyRows<T>(args, n_begin, n_end);
  }
}

void MatMul(const MatMulArgs& args, int64_t n_begin, int64_t n_end) {
  if (args.w.dtype == DType::kF32) {
    MatMulOf<float>(args, n_begin, n_end);
  } else if (args.w.dtype == DType::kBF16) {
    MatMulOf<hwy::bfloat16_t>(args, n_begin, n_end);
  } else {
    MatMulOf<hwy::float16_t>(args, n_begin, n_end);
  }
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(MatMul);
decltype(KernelTable::matmul) MatMulFor(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(MatMul), target);
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE

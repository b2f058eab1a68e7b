// The product of rows of weights, of type W as they lie in memory, with rows of
// x arranged by groups-inl.h. Included as that is, after it.
//
// Columns come in blocks of kBlockK. An output has one vector of sums, to which
// step after step of a block is added in ascending order, the last padded with
// zeros, and whose lanes are then added in one fixed tree; blocks are added in
// ascending order. No tile shape changes that.

// Bytes of a row of weights that are on their way while few rows of x are
// multiplied; and, where a tile is busy with several, those on their way to the
// second-level cache, which can wait for more lines at a time.
constexpr int64_t kFetchNear = 1024;
constexpr int64_t kFetchFar = 8192;

template <class W>
const W* WeightRow(const MatMulArgs& args, int64_t n) {
  return reinterpret_cast<const W*>(args.w.data + n * args.w.row_bytes);
}

// Adds up to kBlockK columns of kN rows of weights, each from a place of its
// own in memory, by the rows of x of one group. A processor's own prefetchers
// stop at every page, and a row of weights is often just one.
template <class V, class W, int kM, int kN>
LLAMBA_INLINE void AddStreams(const W* (&w)[kN], const typename V::X*& x,
                              int64_t cols, Tile<V, kM, kN>& tile) {
  constexpr int64_t kSize = sizeof(W);
  constexpr int64_t kLine = std::max<int64_t>(V::kStep, kLineBytes / kSize);
  const auto step = [&]() LLAMBA_INLINE_LAMBDA {
    tile.Add(FromGroup<V>(x),
             [&](auto j) LLAMBA_INLINE_LAMBDA { return V::LoadW(w[j]); });
    Repeat<kN>([&](auto j) LLAMBA_INLINE_LAMBDA { w[j] += V::kStep; });
    x += kM * V::kStep;
  };
  for (; cols >= kLine; cols -= kLine) {
    Repeat<kN>([&](auto j) LLAMBA_INLINE_LAMBDA {
      __builtin_prefetch(w[j] + kFetchNear / kSize, 0, 3);
      if constexpr (kM > 2) __builtin_prefetch(w[j] + kFetchFar / kSize, 0, 2);
    });
    for (int64_t i = 0; i < kLine; i += V::kStep) step();
  }
  for (; cols >= V::kStep; cols -= V::kStep) step();
  if (cols > 0) {
    tile.Add(FromGroup<V>(x),
             [&](auto j) LLAMBA_INLINE_LAMBDA { return V::LoadW(w[j], cols); });
  }
}

// The same of all columns.
template <class V, class W, int kM, int kN>
LLAMBA_INLINE void SumStreams(const W* (&w)[kN], const typename V::X* x,
                              int64_t cols, Sums<V, kM>& sums) {
  int64_t k = 0;
  do {
    Tile<V, kM, kN> tile;
    tile.Clear();
    AddStreams<V>(w, x, std::min(kBlockK<V>, cols - k), tile);
    tile.AddTo(sums, k == 0);
    k += kBlockK<V>;
  } while (k < cols);
}

// Rows of x that fit one tile. The range is cut into kTileN blocks of
// neighbouring rows, read side by side, each from its first row to its last
// without a gap: runs that prefetchers can learn.
template <class V, class W, int kM>
__attribute__((noinline)) void StreamRows(const MatMulArgs& args,
                                          const typename V::X* x, int64_t m,
                                          int64_t n_begin, int64_t n_end) {
  const int64_t block = (n_end - n_begin) / kTileN;
  Sums<V, kM> sums;
  for (int64_t i = 0; i < block; ++i) {
    const W* w[kTileN];
    for (int64_t j = 0; j < kTileN; ++j) {
      w[j] = WeightRow<W>(args, n_begin + j * block + i);
    }
    SumStreams<V>(w, x, args.w.cols, sums);
    FinishApart<V, kM, kTileN>(args, m, n_begin + i, block, sums);
  }
  for (int64_t n = n_begin + block * kTileN; n < n_end; ++n) {
    const W* w[1] = {WeightRow<W>(args, n)};
    SumStreams<V>(w, x, args.w.cols, sums);
    FinishApart<V, kM, 1>(args, m, n, 0, sums);
  }
}

// A panel of weights, tile after tile, of a tile step after step with rows side
// by side; and the sums that wait, those of four outputs next to each other: of
// at most V::kBlockM rows of x, which stay in the second-level cache, by
// V::kBlockN of weights.
template <class V>
struct Scratch {
  alignas(64) typename V::X w[kPanelRows<V> * kBlockK<V>];
  alignas(
      16) float waiting[4 * V::kBlockM * (V::kBlockN / kTileN + kTileN - 1)];
};

// Columns [k, k + count) of kN rows of weights, from row n on.
template <class V, int kN>
struct PanelTile {
  const MatMulArgs& args;
  int64_t n, k, count;
  typename V::X* w;  // where it lies once it has been read

  bool is_first() const { return k == 0; }
  bool is_last() const { return k + count >= args.w.cols; }
  // The t-th tile from this one on.
  PanelTile operator+(int64_t t) const {
    return {args, n + t * kN, k, count, w + t * kN * kBlockK<V>};
  }
};

// Adds the dot products of a group of rows of x to the sums that wait, or
// writes them.
template <class V, int kM, int kN>
LLAMBA_INLINE void FinishTile(const PanelTile<V, kN>& panel,
                              const Tile<V, kM, kN>& tile, int64_t m,
                              float* waiting) {
  Sums<V, kM> all;
  if (!panel.is_first()) {
    Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
      all.of[i] = V::LoadFour(waiting + 4 * i);
    });
  }
  tile.AddTo(all, panel.is_first());
  if (panel.is_last()) {
    Finish<V, kM, kN>(panel.args, m, panel.n, all);
  } else {
    Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
      V::StoreFour(all.of[i], waiting + 4 * i);
    });
  }
}

// Stores that waited for memory would hold up all else.
template <int kM>
LLAMBA_INLINE void FetchOutputs(const MatMulArgs& args, int64_t m, int64_t n) {
  for (int i = 0; i < kM; ++i) {
    __builtin_prefetch(args.y + (m + i) * args.y_stride + n, 1, 3);
  }
}

// Rows m.. of x, those of one group, by a tile of weights: load_w(j, k, w)
// gives the step at column k of row j, whose place side by side with others is
// w.
template <class V, int kM, int kN, class LoadW>
LLAMBA_INLINE void MultiplyTile(const PanelTile<V, kN>& panel,
                                const typename V::X* x, int64_t m,
                                float* waiting, const LoadW& load_w) {
  FetchOutputs<kM>(panel.args, m, panel.n);
  Tile<V, kM, kN> tile;
  tile.Clear();
  typename V::X* w = panel.w;
  for (int64_t k = 0; k < panel.count; k += V::kStep) {
    tile.Add(FromGroup<V>(x), [&](auto j) LLAMBA_INLINE_LAMBDA {
      return load_w(j, k, w + j * V::kStep);
    });
    x += kM * V::kStep;
    w += kN * V::kStep;
  }
  FinishTile<V, kM, kN>(panel, tile, m, waiting);
}

// By weights that lie side by side.
template <class V, int kM, int kN>
__attribute__((noinline)) void Multiply(const PanelTile<V, kN>& panel,
                                        const typename V::X* x, int64_t m,
                                        float* waiting) {
  MultiplyTile<V, kM>(panel, x, m, waiting,
                      [](auto, int64_t, const typename V::X* w)
                          LLAMBA_INLINE_LAMBDA { return V::Load(w); });
}

// Reads weights from memory and puts them side by side.
template <class V, class W, int kM, int kN>
__attribute__((noinline)) void ReadAndMultiply(const PanelTile<V, kN>& panel,
                                               const typename V::X* x,
                                               int64_t m, float* waiting) {
  MultiplyTile<V, kM>(
      panel, x, m, waiting,
      [&](auto j, int64_t k, typename V::X* w) LLAMBA_INLINE_LAMBDA {
        const W* from = WeightRow<W>(panel.args, panel.n + j) + panel.k + k;
        const int64_t left = panel.count - k;
        const auto step =
            left >= V::kStep ? V::LoadW(from) : V::LoadW(from, left);
        V::Store(step, w);
        return step;
      });
}

// `tiles` tiles of weights by groups [g, g_end) of rows of x; `waiting` is
// where their sums wait.
template <class V, class W, int kN>
void MultiplyGroups(const PanelTile<V, kN>& panel, int64_t tiles,
                    const RowGroups<V>& x, int64_t g, int64_t g_end,
                    float* waiting, Ahead<2> ahead) {
  for (int64_t first = g; g < g_end; ++g) {
    ahead.Step();
    const int64_t m = x.First(g);
    WithRows<V::kTileM>(x.Rows(g), [&](auto rows) LLAMBA_INLINE_LAMBDA {
      const auto* at = x.At(g, panel.k);
      for (int64_t t = 0; t < tiles; ++t) {
        if (g == first) {
          ReadAndMultiply<V, W, rows, kN>(panel + t, at, m, waiting);
        } else {
          Multiply<V, rows, kN>(panel + t, at, m, waiting);
        }
        waiting += 4 * rows;
      }
    });
  }
}

// Groups [g, g_end) of rows of x by rows [n_begin, n_end) of weights, at most
// V::kBlockN.
template <class V, class W>
struct Block {
  const MatMulArgs& args;
  const RowGroups<V>& x;
  int64_t g, g_end, n_begin, n_end;

  int64_t cols() const { return args.w.cols; }
  int64_t Count(int64_t k) const { return std::min(kBlockK<V>, cols() - k); }

  // The weights behind columns from k on of the rows before `next`.
  Ahead<2> NextWeights(int64_t next, int64_t k) const {
    const bool end = next == n_end;
    const bool turn = end && k + kBlockK<V> < cols();
    if (turn) next = n_begin;
    if (end) k = turn ? k + kBlockK<V> : 0;
    return {WeightRow<W>(args, next) + k, args.w.row_bytes,
            std::min(kPanelRows<V>, args.w.rows - next),
            Count(k) * int64_t{sizeof(W)}, g_end - g};
  }

  // kN rows of weights a tile.
  template <int kN>
  void Run(int64_t n, int64_t tiles, int64_t k, Scratch<V>& scratch,
           float* waiting) const {
    MultiplyGroups<V, W, kN>({args, n, k, Count(k), scratch.w}, tiles, x, g,
                             g_end, waiting, NextWeights(n + tiles * kN, k));
  }

  void Run(Scratch<V>& scratch) const {
    for (int64_t k = 0; k < cols(); k += kBlockK<V>) {
      float* waiting = scratch.waiting;
      for (int64_t n = n_begin; n < n_end;) {
        const int64_t tiles =
            std::min<int64_t>(V::kPanelTiles, (n_end - n) / kTileN);
        if (tiles > 0) {
          Run<kTileN>(n, tiles, k, scratch, waiting);
          n += tiles * kTileN;
        } else {
          Run<1>(n, 1, k, scratch, waiting);
          n += 1;
        }
        waiting +=
            4 * std::max<int64_t>(tiles, 1) * (x.First(g_end) - x.First(g));
      }
    }
  }
};

template <class V, class W>
__attribute__((noinline)) void ManyRows(const MatMulArgs& args,
                                        const RowGroups<V>& x,
                                        Scratch<V>& scratch, int64_t n_begin,
                                        int64_t n_end) {
  constexpr int64_t kBlockGroups = V::kBlockM / V::kTileM;
  const int64_t blocks = (x.count() + kBlockGroups - 1) / kBlockGroups;
  const int64_t groups = (x.count() + blocks - 1) / blocks;
  for (int64_t g = 0; g < x.count(); g += groups) {
    for (int64_t n = n_begin; n < n_end; n += V::kBlockN) {
      Block<V, W>{args, x,
                  g,    std::min(x.count(), g + groups),
                  n,    std::min(n_end, n + V::kBlockN)}
          .Run(scratch);
    }
  }
}

template <class V, class W>
void MultiplyRows(const MatMulArgs& args, const std::byte* arranged,
                  std::byte* memory, int64_t n_begin, int64_t n_end) {
  const RowGroups<V> x(args.m, args.w.cols, arranged);
  if (x.count() > 1 && args.w.cols > 0) {
    ManyRows<V, W>(args, x, *reinterpret_cast<Scratch<V>*>(memory), n_begin,
                   n_end);
    return;
  }
  for (int64_t g = 0; g < x.count(); ++g) {
    WithRows<V::kTileM>(x.Rows(g), [&](auto rows) LLAMBA_INLINE_LAMBDA {
      StreamRows<V, W, rows>(args, x.At(g, 0), x.First(g), n_begin, n_end);
    });
  }
}

// The product of panels with rows of activations in tiles (row_tiles.h), for an
// instruction set whose dot product takes unsigned by signed bytes. For sixteen
// rows of activations and more, panels are unpacked to bytes first; fewer rows
// read them as they lie. Included as panel_matmul-inl.h is, after it.

#include "kernels/ahead-inl.h"
#include "kernels/panels/unpacked-inl.h"

// Bytes of activations that all panels pass before they pass others. Unpacking
// again costs more than to fetch what the second-level cache does not hold.
constexpr int64_t kChunkBytes = 4 << 20;

// Where rows are few, unpacking counts as much as multiplying: then only so
// many blocks are unpacked at a time as the first-level cache holds, and sums
// wait in memory. More rows make up for the way to the second-level cache.
constexpr int64_t kFewRows = 32;
constexpr int64_t kSlab = 12;

// How many blocks ahead activations are fetched.
constexpr int64_t kRowsAhead = 8;

// V::kUnpackedTileM rows of activations, from block `slot` on, by
// V::kUnpackedPanels panels: a load of activations serves all of these.
template <class V, bool kHasMin>
struct UnpackedTile {
  static constexpr int kRows = V::kUnpackedTileM;
  static constexpr int kVectors = V::kUnpackedPanels * kPanelRows / V::kLanes;
  using Group = Unpacked<V, V::kUnpackedPanels, Bytes::kUnsigned>;
  using Dots = typename V::Ints[kRows][kVectors];

  typename V::Floats sum[kRows][kVectors];

  template <class Fn>
  static LLAMBA_INLINE void ForAll(const Fn& fn) {
    Repeat<kRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
      Repeat<kVectors>([&](auto v) LLAMBA_INLINE_LAMBDA { fn(i, v); });
    });
  }

  LLAMBA_INLINE void Clear() {
    ForAll([&](auto i, auto v)
               LLAMBA_INLINE_LAMBDA { sum[i][v] = V::SetFloat(0); });
  }
  LLAMBA_INLINE void Load(const float* from) {
    ForAll([&](auto i, auto v) LLAMBA_INLINE_LAMBDA {
      sum[i][v] = V::LoadFloats(from + (i * kVectors + v) * V::kLanes);
    });
  }
  LLAMBA_INLINE void Store(float* to) const {
    ForAll([&](auto i, auto v) LLAMBA_INLINE_LAMBDA {
      V::StoreFloats(sum[i][v], to + (i * kVectors + v) * V::kLanes);
    });
  }

  // Adds the products of `blocks` unpacked blocks.
  LLAMBA_INLINE void Add(const QuantizedRows& x, const Group& group,
                         int64_t slot, int64_t blocks, AheadRun ahead) {
    for (int64_t b = 0; b < blocks; ++b) {
      ahead.Step();
      FetchRows(x, slot + kRowsAhead * kTileRows);
      Dots dot;
      ForAll([&](auto i, auto v) LLAMBA_INLINE_LAMBDA {
        dot[i][v] = kHasMin ? V::BitsOf(V::SetFloat(x.zeros[slot + i]))
                            : V::template SpreadTimes<1>(x.less_128 + slot + i);
      });
      AddProducts(group.codes(b), x.codes + slot * kPanelBlock, dot);
      AddScaled(x, group, b, slot, dot);
      slot += kTileRows;
    }
  }

  static LLAMBA_INLINE void FetchRows(const QuantizedRows& x, int64_t slot) {
    const int8_t* from = x.codes + slot * kPanelBlock;
    for (int64_t i = 0; i < kRows * kPanelBlock; i += 64) {
      __builtin_prefetch(from + i, 0, 3);
    }
  }

  static LLAMBA_INLINE void AddProducts(const int8_t* codes, const int8_t* x,
                                        Dots& dot) {
    Repeat<8>([&](auto g) LLAMBA_INLINE_LAMBDA {
      typename V::Codes w[kVectors];
      Repeat<kVectors>([&](auto v) LLAMBA_INLINE_LAMBDA {
        w[v] = V::Load(reinterpret_cast<const std::byte*>(codes) +
                       (g * kVectors + v) * V::kBytes);
      });
      Repeat<kRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
        const auto four = V::Spread(x + i * kPanelBlock + 4 * g);
        Repeat<kVectors>([&](auto v) LLAMBA_INLINE_LAMBDA {
          dot[i][v] = V::AddNarrow(dot[i][v], w[v], four);
        });
      });
    });
  }

  LLAMBA_INLINE void AddScaled(const QuantizedRows& x, const Group& group,
                               int64_t block, int64_t slot, const Dots& dot) {
    const float* m = group.m(block);
    ForAll([&](auto i, auto v) LLAMBA_INLINE_LAMBDA {
      const float* d = group.d(block, x.less_8[slot + i]);
      // The dot product times the scale's power of two, exactly.
      const auto exact =
          V::Sub(V::AsFloats(dot[i][v]), V::SetFloat(x.zeros[slot + i]));
      sum[i][v] = V::MulAdd(exact, V::LoadFloats(d + v * V::kLanes), sum[i][v]);
      if constexpr (kHasMin) {
        sum[i][v] = V::MulAdd(V::LoadFloats(m + v * V::kLanes),
                              V::SetFloat(x.sums[slot + i]), sum[i][v]);
      }
    });
  }
};

// Whole tiles of rows by a range of panels.
template <class V, class F>
class UnpackedProduct {
 public:
  UnpackedProduct(const PanelMatMulArgs& args, int64_t begin, int64_t end)
      : args_(args),
        begin_(begin),
        end_(end),
        blocks_(args.x.cols / kPanelBlock),
        whole_(WholeTiles(args.x.m)),
        chunk_(std::clamp(WholeTiles(kChunkBytes / args.x.cols), kTileRows,
                          whole_)),
        slab_(std::min(chunk_ <= kFewRows ? kSlab : blocks_, blocks_)),
        group_(slab_),
        sums_(Allocate<float>(chunk_ * kGroupRows)) {}
  ~UnpackedProduct() { std::free(sums_); }
  UnpackedProduct(const UnpackedProduct&) = delete;
  UnpackedProduct& operator=(const UnpackedProduct&) = delete;

  void Run() {
    for (int64_t m = 0; m < whole_; m += chunk_) {
      const int64_t rows = std::min(chunk_, whole_ - m);
      for (int64_t p = begin_; p < end_; p += V::kUnpackedPanels) {
        for (int64_t b = 0; b < blocks_; b += slab_) RunSlab(p, b, m, rows);
      }
    }
  }

 private:
  using Tile = UnpackedTile<V, F::Scales::kHasMin>;
  static constexpr int64_t kGroupRows = V::kUnpackedPanels * kPanelRows;

  const std::byte* Panel(int64_t panel) const {
    return args_.panels + panel * args_.panel_bytes;
  }

  // Blocks of the group from `panel` on by rows m and on.
  void RunSlab(int64_t panel, int64_t first, int64_t m, int64_t rows) {
    const int64_t blocks = std::min(slab_, blocks_ - first);
    for (int p = 0; p < V::kUnpackedPanels; ++p) {
      // Beyond the last one, that again: what it makes is not stored.
      group_.template Fill<F>(p, Panel(std::min(panel + p, end_ - 1)),
                              args_.codes_offset, first, blocks);
    }
    // This slab's tiles fetch their share of the next group.
    const std::byte* next = Panel(std::min(panel + V::kUnpackedPanels, end_));
    const int64_t bytes =
        Panel(std::min(panel + 2 * V::kUnpackedPanels, end_)) - next;
    const int64_t tiles = rows / V::kUnpackedTileM;
    const int64_t share = bytes * blocks / blocks_ / tiles;
    next += bytes * first / blocks_;
    for (int64_t t = 0; t < tiles; ++t, next += share) {
      const AheadRun ahead(next, share, blocks);
      const int64_t row = m + t * V::kUnpackedTileM;
      if (blocks == blocks_) {
        WholeTile(panel, row, ahead);
      } else {
        PartTile(panel, first, blocks, row,
                 sums_ + t * V::kUnpackedTileM * kGroupRows, ahead);
      }
    }
  }

  // All blocks of the rows: sums never leave the registers.
  __attribute__((noinline)) void WholeTile(int64_t panel, int64_t m,
                                           AheadRun ahead) const {
    Tile tile;
    tile.Clear();
    FetchSums(panel, m);
    tile.Add(args_.x, group_, SlotOf(args_.x, m, 0), blocks_, ahead);
    FinishTile(tile, panel, m);
  }

  __attribute__((noinline)) void PartTile(int64_t panel, int64_t first,
                                          int64_t blocks, int64_t m,
                                          float* sums, AheadRun ahead) const {
    Tile tile;
    if (first == 0) {
      tile.Clear();
    } else {
      tile.Load(sums);
    }
    if (first + blocks == blocks_) FetchSums(panel, m);
    tile.Add(args_.x, group_, SlotOf(args_.x, m, first), blocks, ahead);
    if (first + blocks < blocks_) {
      tile.Store(sums);
    } else {
      FinishTile(tile, panel, m);
    }
  }

  // Where the tile's sums will go: stores that wait for lines to come from
  // memory would hold up the next tile.
  LLAMBA_INLINE void FetchSums(int64_t panel, int64_t m) const {
    float* y = args_.y + m * args_.y_stride + panel * kPanelRows;
    for (int i = 0; i < V::kUnpackedTileM; ++i, y += args_.y_stride) {
      for (int64_t n = 0; n < kGroupRows; n += 16) {
        __builtin_prefetch(y + n, 1, 3);
      }
    }
  }

  LLAMBA_INLINE void FinishTile(const Tile& tile, int64_t panel,
                                int64_t m) const {
    Tile::ForAll([&](auto i, auto v) LLAMBA_INLINE_LAMBDA {
      const int64_t n = panel * kPanelRows + v * V::kLanes;
      if (n < end_ * kPanelRows && n < args_.rows) {
        Finish<V>(args_, tile.sum[i][v], m + i, n);
      }
    });
  }

  const PanelMatMulArgs& args_;
  int64_t begin_, end_;
  int64_t blocks_;  // of a row
  int64_t whole_;   // rows
  int64_t chunk_;   // rows
  int64_t slab_;    // blocks
  typename Tile::Group group_;
  float* sums_;  // of a chunk's rows by a group, between slabs
};

// The rows after the whole tiles, as rows of their own.
PanelMatMulArgs LeftOver(const PanelMatMulArgs& args) {
  const int64_t whole = WholeTiles(args.x.m);
  PanelMatMulArgs rest = args;
  rest.x = RowsFrom(args.x, whole);
  rest.y += whole * args.y_stride;
  return rest;
}

template <class V>
void MatMulUnpacked(const PanelMatMulArgs& args, int64_t begin, int64_t end) {
  if (args.x.m >= kTileRows) {
    WithFormat(args.dtype, [&](auto format) {
      UnpackedProduct<V, decltype(format)>(args, begin, end).Run();
    });
  }
  const PanelMatMulArgs rest = LeftOver(args);
  if (rest.x.m > 0) MatMulPanelsOf<V>(rest, begin, end);
}

// The product of panels with rows of activations in tiles (row_tiles.h), for an
// instruction set whose dot product takes unsigned by signed bytes. For sixteen
// rows of activations and more, panels are unpacked to bytes first; fewer rows
// read them as they lie. Included as panel_matmul-inl.h is, after it.

#include "kernels/panels/unpacked-inl.h"

// Bytes of activations that stay in the second-level cache while all panels
// pass.
constexpr int64_t kChunkBytes = 1 << 20;

// The panels that come next, fetched a few lines a block while others are
// multiplied.
struct Ahead {
  const std::byte* at = nullptr;
  const std::byte* end = nullptr;
  int64_t lines = 0;  // a block

  LLAMBA_INLINE void Step() {
    for (int64_t i = 0; i < lines && at < end; ++i, at += 64) {
      // Into the second-level cache.
      __builtin_prefetch(at, 0, 2);
    }
  }
};

// V::kTileRows rows of activations, from block `slot` on, by V::kTilePanels
// panels: a load of activations serves all of these.
template <class V, bool kHasMin>
struct UnpackedTile {
  static constexpr int kRows = V::kTileRows;
  static constexpr int kVectors = V::kTilePanels * kPanelRows / V::kLanes;
  using Group = Unpacked<V, V::kTilePanels, Bytes::kUnsigned>;
  using Dots = typename V::Ints[kRows][kVectors];

  typename V::Floats sum[kRows][kVectors];

  template <class Fn>
  static LLAMBA_INLINE void ForAll(const Fn& fn) {
    Repeat<kRows>([&](auto i) LLAMBA_INLINE_LAMBDA {
      Repeat<kVectors>([&](auto v) LLAMBA_INLINE_LAMBDA { fn(i, v); });
    });
  }

  LLAMBA_INLINE void Run(const QuantizedRows& x, const Group& group,
                         int64_t slot, Ahead ahead) {
    ForAll([&](auto i, auto v)
               LLAMBA_INLINE_LAMBDA { sum[i][v] = V::SetFloat(0); });
    for (int64_t b = 0; b < x.cols / kPanelBlock; ++b) {
      ahead.Step();
      Dots dot;
      ForAll([&](auto i, auto v) LLAMBA_INLINE_LAMBDA {
        dot[i][v] = kHasMin ? V::SetInt(kFloatZeroBits)
                            : V::template SpreadTimes<1>(x.less_128 + slot + i);
      });
      AddProducts(group.codes(b), x.codes + slot * kPanelBlock, dot);
      AddScaled(x, group, b, slot, dot);
      slot += kTileRows;
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
    const float* d = group.d(block);
    const float* zero = group.zero(block);
    const float* m = group.m(block);
    ForAll([&](auto i, auto v) LLAMBA_INLINE_LAMBDA {
      // (dot - kFloatZero) d, rounded once as dot d is.
      const auto scaled =
          V::MulAdd(V::AsFloats(dot[i][v]), V::LoadFloats(d + v * V::kLanes),
                    V::LoadFloats(zero + v * V::kLanes));
      sum[i][v] = V::MulAdd(scaled, V::SetFloat(x.scales[slot + i]), sum[i][v]);
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
        group_(blocks_) {}

  void Run() {
    const int64_t chunk =
        std::max(WholeTiles(kChunkBytes / args_.x.cols), kTileRows);
    const int64_t whole = WholeTiles(args_.x.m);
    for (int64_t m = 0; m < whole; m += chunk) {
      const int64_t m_end = std::min(m + chunk, whole);
      for (int64_t p = begin_; p < end_; p += V::kTilePanels)
        RunGroup(p, m, m_end);
    }
  }

 private:
  using Tile = UnpackedTile<V, F::Scales::kHasMin>;

  const std::byte* Panel(int64_t panel) const {
    return args_.panels + panel * args_.panel_bytes;
  }

  // Rows [m_begin, m_end) by the group from `panel` on.
  void RunGroup(int64_t panel, int64_t m_begin, int64_t m_end) {
    for (int p = 0; p < V::kTilePanels; ++p) {
      // Beyond the last one, that again: what it makes is not stored.
      group_.template Fill<F>(p, Panel(std::min(panel + p, end_ - 1)),
                              args_.codes_offset, blocks_);
    }
    const std::byte* next = Panel(std::min(panel + V::kTilePanels, end_));
    const std::byte* next_end =
        Panel(std::min(panel + 2 * V::kTilePanels, end_));
    const int64_t share =
        (next_end - next) * V::kTileRows / (m_end - m_begin) + 1;
    for (int64_t m = m_begin; m < m_end; m += V::kTileRows, next += share) {
      const std::byte* share_end = std::min(next + share, next_end);
      RunTile(panel, m, {next, share_end, share / 64 / blocks_ + 1});
    }
  }

  __attribute__((noinline)) void RunTile(int64_t panel, int64_t m,
                                         Ahead ahead) const {
    Tile tile;
    tile.Run(args_.x, group_, SlotOf(args_.x, m, 0), ahead);
    Tile::ForAll([&](auto i, auto v) LLAMBA_INLINE_LAMBDA {
      const int64_t n = panel * kPanelRows + v * V::kLanes;
      if (n < end_ * kPanelRows && n < args_.rows) {
        Finish<V>(args_, tile.sum[i][v], m + i, n);
      }
    });
  }

  const PanelMatMulArgs& args_;
  int64_t begin_, end_;
  int64_t blocks_;
  typename Tile::Group group_;
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

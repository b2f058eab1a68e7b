// The product of panels with rows of activations in 8 bits, for an instruction
// set's vectors V. Included as panel_formats-inl.h is.
//
// An output's sum runs over the blocks of 32 columns in ascending order: the
// integer dot product of a block is exact, so its inner order is free, and the
// product of its two scales is exact as well; what both make is added in one
// rounding (and likewise the minimum times the activations' sum). No tile shape
// changes that.

#include "kernels/panels/panel_formats-inl.h"

// Bytes of panels that stay in the second-level cache while all rows of
// activations pass.
constexpr int64_t kGroupBytes = 128 << 10;

// Bytes ahead of the codes under way that the first rows of activations, for
// which panels come from memory, fetch into the second-level cache, which can
// wait for more lines at a time, and from there into the first.
constexpr int64_t kFetchFar = 8192;
constexpr int64_t kFetchNear = 2048;

// What the dot products with the block of activations at `at` start from: the
// codes' offset taken off.
template <class V, class F>
LLAMBA_INLINE typename V::Ints StartOf(const QuantizedRows& x, int64_t at) {
  constexpr int kOffset = OffsetOf<V, F>();
  if constexpr (kOffset == 0) {
    return V::ZeroInts();
  } else if constexpr (kOffset == 128) {
    return V::template SpreadTimes<1>(x.less_128 + at);
  } else {
    return V::template SpreadTimes<kOffset / 8>(x.less_8 + at);
  }
}

// The exact dot products of a block: of kHalves vectors of a panel's rows with
// kM rows of activations.
template <class V, class F, int kM, int kHalves>
struct BlockDot {
  typename V::Ints sum[kM][kHalves];

  template <class Fn>
  static LLAMBA_INLINE void ForAll(const Fn& fn) {
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      Repeat<kHalves>([&](auto h) LLAMBA_INLINE_LAMBDA { fn(m, h); });
    });
  }

  // The block's codes times kM rows of activations, the first one's block at
  // `at`, the next ones' `blocks` further on each.
  LLAMBA_INLINE void Make(const std::byte* codes, int64_t panel_stride,
                          const QuantizedRows& x, int64_t at, int64_t blocks) {
    ForAll([&](auto m, auto h) LLAMBA_INLINE_LAMBDA {
      sum[m][h] = StartOf<V, F>(x, at + m * blocks);
    });
    const int8_t* first = x.codes + at * kPanelBlock;
    if constexpr (F::kWide) {
      AddWide(codes, panel_stride, first, blocks * kPanelBlock);
    } else {
      AddNarrow(codes, panel_stride, first, blocks * kPanelBlock);
    }
  }

  LLAMBA_INLINE void AddWide(const std::byte* codes, int64_t panel_stride,
                             const int8_t* x, int64_t stride) {
    F::template ForGroups<V, kHalves>(
        codes, panel_stride, [&](int g, const auto& w) LLAMBA_INLINE_LAMBDA {
          Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
            const auto four = V::Spread(x + m * stride + 4 * g);
            Repeat<kHalves>([&](auto h) LLAMBA_INLINE_LAMBDA {
              sum[m][h] = V::AddWide(sum[m][h], w.half[h], four);
            });
          });
        });
  }

  LLAMBA_INLINE void AddNarrow(const std::byte* codes, int64_t panel_stride,
                               const int8_t* x, int64_t stride) {
    typename V::Narrow narrow[kM][kHalves];
    ForAll([&](auto m, auto h) LLAMBA_INLINE_LAMBDA {
      narrow[m][h] = V::StartNarrow(sum[m][h]);
    });
    F::template ForGroups<V, kHalves>(
        codes, panel_stride, [&](int g, const auto& w) LLAMBA_INLINE_LAMBDA {
          Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
            const auto four = V::Spread(x + m * stride + 4 * g);
            Repeat<kHalves>([&](auto h) LLAMBA_INLINE_LAMBDA {
              narrow[m][h] = V::AddNarrow(narrow[m][h], w.half[h], four);
            });
          });
          if (g % F::kFlush != F::kFlush - 1) return;
          ForAll([&](auto m, auto h) LLAMBA_INLINE_LAMBDA {
            sum[m][h] = V::Flush(sum[m][h], narrow[m][h]);
            narrow[m][h] = V::StartNarrow(sum[m][h]);
          });
        });
  }
};

// Stores `count` of an output's values where a panel has no more rows.
__attribute__((noinline)) void FinishPart(const PanelMatMulArgs& args,
                                          const float* values, int64_t m,
                                          int64_t n, int64_t count) {
  float* y = args.y + m * args.y_stride + n;
  for (int64_t i = 0; i < count; ++i) {
    float value = values[i];
    if (args.bias != nullptr) value += args.bias[n + i];
    if (args.accumulate) value += y[i];
    y[i] = value;
  }
}

template <class V>
LLAMBA_INLINE void Finish(const PanelMatMulArgs& args, typename V::Floats value,
                          int64_t m, int64_t n) {
  if (n + V::kLanes > args.rows) {
    float values[V::kLanes];
    V::StoreFloats(value, values);
    return FinishPart(args, values, m, n, args.rows - n);
  }
  float* y = args.y + m * args.y_stride + n;
  if (args.bias != nullptr) value = V::Add(value, V::LoadFloats(args.bias + n));
  if (args.accumulate) value = V::Add(value, V::LoadFloats(y));
  V::StoreFloats(value, y);
}

// kHalves vectors of a panel's rows, from `half` on, times kM rows of
// activations.
template <class V, class F, int kM, int kHalves>
struct PanelTile {
  typename V::Floats sum[kM][kHalves];

  LLAMBA_INLINE void Run(const PanelMatMulArgs& args, const std::byte* panel,
                         int64_t panel_stride, int half, int64_t m_begin) {
    const int64_t blocks = args.x.cols / kPanelBlock;
    const std::byte* codes = panel + args.codes_offset + half * V::kBytes;
    const int64_t first = m_begin * blocks;
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      Repeat<kHalves>([&](auto h)
                          LLAMBA_INLINE_LAMBDA { sum[m][h] = V::SetFloat(0); });
    });
    for (int64_t b = 0; b < blocks; ++b) {
      if (m_begin == 0) Fetch(codes, panel_stride);
      BlockDot<V, F, kM, kHalves> dot;
      dot.Make(codes, panel_stride, args.x, first + b, blocks);
      codes += F::kCodeBytes;
      AddScaled(dot, panel, panel_stride, b, half, args.x.scales + first + b,
                args.x.sums + first + b, blocks);
    }
  }

  static LLAMBA_INLINE void Fetch(const std::byte* codes,
                                  int64_t panel_stride) {
    constexpr int64_t kAll = kPanelRows / V::kLanes;
    for (int64_t p = 0; p < kHalves; p += kAll) {
      for (int64_t line = 0; line < F::kCodeBytes; line += 64) {
        const std::byte* at = codes + p / kAll * panel_stride + line;
        __builtin_prefetch(at + kFetchFar, 0, 2);
        __builtin_prefetch(at + kFetchNear);
      }
    }
  }

  LLAMBA_INLINE void AddScaled(const BlockDot<V, F, kM, kHalves>& dot,
                               const std::byte* panel, int64_t panel_stride,
                               int64_t block, int half, const float* scales,
                               const float* sums, int64_t stride) {
    const auto own =
        MakeHalves<Scale<V>, kHalves>([&](int h) LLAMBA_INLINE_LAMBDA {
          constexpr int kAll = kPanelRows / V::kLanes;
          return F::Scales::template Load<V>(panel + h / kAll * panel_stride,
                                             block, half + h % kAll);
        });
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      const auto scale = V::SetFloat(scales[m * stride]);
      Repeat<kHalves>([&](auto h) LLAMBA_INLINE_LAMBDA {
        sum[m][h] = V::MulAdd(V::ToFloats(dot.sum[m][h]),
                              V::Mul(own.half[h].d, scale), sum[m][h]);
        if constexpr (F::Scales::kHasMin) {
          sum[m][h] = V::MulAdd(own.half[h].m, V::SetFloat(sums[m * stride]),
                                sum[m][h]);
        }
      });
    });
  }
};

template <class V, class F>
struct PanelProduct {
  static constexpr int kTileM = F::kWide ? V::kWideTileM : V::kNarrowTileM;

  const PanelMatMulArgs& args;

  static constexpr int kAll = kPanelRows / V::kLanes;

  // Vectors half .. half + kHalves - 1 of a panel; beyond its own, of the ones
  // `run` panels on.
  template <int kM, int kHalves>
  LLAMBA_INLINE void Part(int64_t panel, int64_t run, int half,
                          int64_t m_begin) const {
    PanelTile<V, F, kM, kHalves> tile;
    tile.Run(args, args.panels + panel * args.panel_bytes,
             run * args.panel_bytes, half, m_begin);
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      Repeat<kHalves>([&](auto h) LLAMBA_INLINE_LAMBDA {
        const int64_t n = (panel + h / kAll * run) * kPanelRows +
                          (half + h % kAll) * V::kLanes;
        if (n < args.rows) Finish<V>(args, tile.sum[m][h], m_begin + m, n);
      });
    });
  }

  template <int kM>
  __attribute__((noinline)) void Tile(int64_t begin, int64_t end,
                                      int64_t m) const {
    // Few rows of activations read a panel once; a tile of more of them must
    // fit the registers.
    constexpr int kHalves = kM <= V::kWholeTileM ? kAll : 1;
    for (int64_t panel = begin; panel < end; ++panel) {
      for (int half = 0; half < kAll; half += kHalves) {
        Part<kM, kHalves>(panel, 0, half, m);
      }
    }
  }

  // One row of activations: memory sets the pace. The range is read as several
  // runs of panels side by side, for a processor's own prefetchers stop at
  // every page, and one run alone waits there.
  __attribute__((noinline)) void OneRow(int64_t begin, int64_t end) const {
    const int64_t run = (end - begin) / V::kRuns;
    for (int64_t i = 0; i < run; ++i) {
      Part<1, kAll * V::kRuns>(begin + i, run, 0, 0);
    }
    Tile<1>(begin + run * V::kRuns, end, 0);
  }

  // Tiles of at most kTileM rows, as even in size as can be.
  template <int kM = kTileM>
  void AnyTile(int64_t rows, int64_t begin, int64_t end, int64_t m) const {
    if constexpr (kM > 0) {
      if (rows == kM) {
        Tile<kM>(begin, end, m);
      } else {
        AnyTile<kM - 1>(rows, begin, end, m);
      }
    }
  }

  void Run(int64_t begin, int64_t end) const {
    if (args.x.m == 1) return OneRow(begin, end);
    const int64_t fit = kGroupBytes / args.panel_bytes;
    const int64_t group = fit > 0 ? fit : 1;
    for (int64_t p = begin; p < end; p += group) {
      const int64_t p_end = p + group < end ? p + group : end;
      for (int64_t m = 0; m < args.x.m;) {
        const int64_t left = args.x.m - m;
        const int64_t tiles = (left + kTileM - 1) / kTileM;
        const int64_t rows = (left + tiles - 1) / tiles;
        AnyTile(rows, p, p_end, m);
        m += rows;
      }
    }
  }
};

template <class V>
void MatMulPanelsOf(const PanelMatMulArgs& args, int64_t begin, int64_t end) {
  WithFormat(args.dtype, [&](auto format) {
    PanelProduct<V, decltype(format)>{args}.Run(begin, end);
  });
}

// Dot products of codes of 4 bits, all in registers.
template <class V>
double PeakOf(int64_t rounds, float* sink) {
  // Enough to hide the latency of a product, few enough for 16 registers.
  constexpr int kChains = 12;
  alignas(64) std::byte bytes[64] = {};
  bytes[0] = static_cast<std::byte>(*sink * 100);
  typename V::Ints sum[kChains];
  typename V::Narrow narrow[kChains];
  const auto x = V::Spread(reinterpret_cast<const int8_t*>(bytes));
  const auto codes = V::Load(bytes);
  // Chains that begin alike would be one chain to the compiler.
  Repeat<kChains>([&](auto i) LLAMBA_INLINE_LAMBDA {
    sum[i] = V::ZeroInts();
    narrow[i] = V::AddNarrow(V::StartNarrow(sum[i]), V::Again(codes), x);
  });
  for (int64_t r = 0; r < rounds; ++r) {
    // The compiler must take each product for a new one.
    const auto again = V::Again(codes);
    Repeat<kChains>([&](auto i) LLAMBA_INLINE_LAMBDA {
      narrow[i] = V::AddNarrow(narrow[i], again, x);
    });
  }
  Repeat<kChains>([&](auto i) LLAMBA_INLINE_LAMBDA {
    float lanes[V::kLanes];
    V::StoreFloats(V::ToFloats(V::Flush(sum[i], narrow[i])), lanes);
    *sink += lanes[0];
  });
  return static_cast<double>(rounds) * kChains * V::kBytes;
}

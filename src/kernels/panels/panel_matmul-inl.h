// The product of panels with rows of activations in 8 bits, for an instruction
// set's vectors V. Included as panel_formats-inl.h is.
//
// An output's sum runs over the blocks of 32 columns in ascending order: the
// integer dot product of a block is exact, so its inner order is free; it is
// scaled by the weights' scale, then added, scaled by the activations', in one
// rounding (and likewise the minimum times the activations' sum). No tile shape
// changes that.

#define LLAMBA_INLINE inline __attribute__((always_inline))
#define LLAMBA_INLINE_LAMBDA __attribute__((always_inline))

#include "kernels/panels/panel_formats-inl.h"

// Bytes of panels that stay in the second-level cache while all rows of
// activations pass.
constexpr int64_t kGroupBytes = 128 << 10;

// Bytes ahead of the codes under way that are fetched when one row of
// activations, hence memory, sets the pace.
constexpr int64_t kFetchAhead = 2048;

template <class V, class F, int kM>
struct BlockDot {
  typename V::Ints sum[kM];

  LLAMBA_INLINE void Start(const int32_t* code_sums, int64_t stride) {
    for (int m = 0; m < kM; ++m) {
      if constexpr (F::kWide && V::kWideOffset != 0) {
        sum[m] = V::SetInt(-V::kWideOffset * code_sums[m * stride]);
      } else if constexpr (F::kWide) {
        sum[m] = V::SetInt(0);
      } else if constexpr (F::kOffset != 0) {
        sum[m] = V::SetInt(-F::kOffset * code_sums[m * stride]);
      } else {
        sum[m] = V::SetInt(0);
      }
    }
  }

  // The block's codes times the 32 activations of each row at x.
  LLAMBA_INLINE void Add(const std::byte* codes, const int8_t* x,
                         int64_t stride) {
    if constexpr (F::kWide) {
      F::template ForGroups<V>(
          codes, [&](int g, const typename V::Wide& w) LLAMBA_INLINE_LAMBDA {
            for (int m = 0; m < kM; ++m) {
              sum[m] = V::AddWide(sum[m], w, V::Spread(x + m * stride + 4 * g));
            }
          });
    } else {
      typename V::Narrow narrow[kM];
      for (int m = 0; m < kM; ++m) narrow[m] = V::StartNarrow(sum[m]);
      F::template ForGroups<V>(
          codes, [&](int g, const typename V::Codes& w) LLAMBA_INLINE_LAMBDA {
            for (int m = 0; m < kM; ++m) {
              narrow[m] =
                  V::AddNarrow(narrow[m], w, V::Spread(x + m * stride + 4 * g));
            }
            if (g % F::kFlush == F::kFlush - 1) {
              for (int m = 0; m < kM; ++m) {
                sum[m] = V::Flush(sum[m], narrow[m]);
                narrow[m] = V::StartNarrow(sum[m]);
              }
            }
          });
    }
  }
};

// One vector of a panel's rows times kM rows of activations.
template <class V, class F, int kM>
struct PanelTile {
  typename V::Floats sum[kM];

  LLAMBA_INLINE void Run(const PanelMatMulArgs& args, const std::byte* panel,
                         int64_t codes_offset, int half, int64_t m_begin) {
    const int64_t blocks = args.x.cols / kPanelBlock;
    const std::byte* codes = panel + codes_offset + half * V::kBytes;
    const int8_t* x = args.x.codes + m_begin * args.x.cols;
    const float* scales = args.x.scales + m_begin * blocks;
    const float* sums = args.x.sums + m_begin * blocks;
    const int32_t* code_sums = args.x.code_sums + m_begin * blocks;
    for (int m = 0; m < kM; ++m) sum[m] = V::SetFloat(0);
    for (int64_t b = 0; b < blocks; ++b) {
      if (kM == 1 && half == 0) {
        for (int64_t line = 0; line < F::kCodeBytes; line += 64) {
          __builtin_prefetch(codes + kFetchAhead + line);
        }
      }
      BlockDot<V, F, kM> dot;
      dot.Start(code_sums + b, blocks);
      dot.Add(codes, x + b * kPanelBlock, args.x.cols);
      codes += F::kCodeBytes;
      const auto scale = F::Scales::template Load<V>(panel, b, half);
      for (int m = 0; m < kM; ++m) {
        const auto scaled = V::Mul(V::ToFloats(dot.sum[m]), scale.d);
        sum[m] = V::MulAdd(scaled, V::SetFloat(scales[m * blocks + b]), sum[m]);
        if constexpr (F::Scales::kHasMin) {
          sum[m] =
              V::MulAdd(scale.m, V::SetFloat(sums[m * blocks + b]), sum[m]);
        }
      }
    }
  }

  LLAMBA_INLINE void Finish(const PanelMatMulArgs& args, int64_t m_begin,
                            int64_t n) const {
    const int64_t count = args.rows - n;
    for (int m = 0; m < kM; ++m) {
      float* y = args.y + (m_begin + m) * args.y_stride + n;
      if (count >= V::kLanes) {
        typename V::Floats value = sum[m];
        if (args.bias != nullptr) {
          value = V::Add(value, V::LoadFloats(args.bias + n));
        }
        if (args.accumulate) value = V::Add(value, V::LoadFloats(y));
        V::StoreFloats(value, y);
        continue;
      }
      float values[V::kLanes];
      V::StoreFloats(sum[m], values);
      for (int64_t i = 0; i < count; ++i) {
        float value = values[i];
        if (args.bias != nullptr) value += args.bias[n + i];
        if (args.accumulate) value += y[i];
        y[i] = value;
      }
    }
  }
};

template <class V, class F>
struct PanelProduct {
  static constexpr int kTileM = F::kWide ? V::kWideTileM : V::kNarrowTileM;

  const PanelMatMulArgs& args;

  template <int kM>
  LLAMBA_INLINE void Panel(int64_t panel, int64_t m) const {
    for (int half = 0; half < kPanelRows / V::kLanes; ++half) {
      const int64_t n = panel * kPanelRows + half * V::kLanes;
      if (n >= args.rows) return;
      PanelTile<V, F, kM> tile;
      tile.Run(args, args.panels + panel * args.panel_bytes, args.codes_offset,
               half, m);
      tile.Finish(args, m, n);
    }
  }

  template <int kM>
  __attribute__((noinline)) void Tile(int64_t begin, int64_t end,
                                      int64_t m) const {
    for (int64_t panel = begin; panel < end; ++panel) Panel<kM>(panel, m);
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

// Calls fn with an instance of the type's format.
template <class Fn>
void WithFormat(DType dtype, const Fn& fn) {
  using NoMin = SimpleScales<false>;
  using Min = SimpleScales<true>;
  switch (dtype) {
    case DType::kQ4_0:
      return fn(FourBits<NoMin, 8>());
    case DType::kQ4_1:
      return fn(FourBits<Min, 0>());
    case DType::kQ5_0:
      return fn(FiveBits<NoMin, 16>());
    case DType::kQ5_1:
      return fn(FiveBits<Min, 0>());
    case DType::kQ8_0:
      return fn(EightBits());
    case DType::kIQ4_NL:
      return fn(Codebook());
    case DType::kQ4_K:
      return fn(FourBits<SuperScales, 0>());
    default:  // kQ5_K: HasPanels was asserted
      return fn(FiveBits<SuperScales, 0>());
  }
}

template <class V>
void MatMulPanelsOf(const PanelMatMulArgs& args, int64_t begin, int64_t end) {
  WithFormat(args.dtype, [&](auto format) {
    PanelProduct<V, decltype(format)>{args}.Run(begin, end);
  });
}

// Dot products of codes of 4 bits, nothing read from memory.
template <class V>
double PeakOf(int64_t rounds, float* sink) {
  constexpr int kChains = 8;
  alignas(64) std::byte bytes[64] = {};
  bytes[0] = static_cast<std::byte>(*sink * 100);
  const auto codes = V::Load(bytes);
  const auto x = V::Spread(reinterpret_cast<const int8_t*>(bytes));
  typename V::Ints sum[kChains];
  typename V::Narrow narrow[kChains];
  for (int i = 0; i < kChains; ++i) {
    sum[i] = V::SetInt(0);
    narrow[i] = V::StartNarrow(sum[i]);
  }
  for (int64_t r = 0; r < rounds; ++r) {
    for (int i = 0; i < kChains; ++i) {
      narrow[i] = V::AddNarrow(narrow[i], codes, x);
    }
  }
  for (int i = 0; i < kChains; ++i) {
    float lanes[V::kLanes];
    V::StoreFloats(V::ToFloats(V::Flush(sum[i], narrow[i])), lanes);
    *sink += lanes[0];
  }
  return static_cast<double>(rounds) * kChains * V::kBytes;
}

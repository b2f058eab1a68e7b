// A panel of weights by rows of x in tiles. Included as round-inl.h is, after
// amx_rows-inl.h, ahead-inl.h and tiles-inl.h.

constexpr int64_t kTileBytes = kTile * kStepBytes;
constexpr int64_t kTileFloats = kTile * kTile;

// Rows of weights side by side: two tiles.
constexpr int64_t kPanelRows = 2 * kTile;

// Columns [k, k + count) of up to kPanelRows rows of weights from row n on.
struct Panel {
  const MatMulArgs& args;
  int64_t n, rows, k, count;
  std::byte* w;

  bool is_first() const { return k == 0; }
  bool is_last() const { return k + count >= args.w.cols; }
  const std::byte* row(int64_t i) const {
    return args.w.data + (n + i) * args.w.row_bytes + k * 2;
  }
  int64_t tiles() const { return rows > kTile ? 2 : 1; }
  // Whether full tiles can be read where its rows lie.
  bool is_whole() const { return rows == kPanelRows && count % kStep == 0; }
  int64_t step_bytes() const { return tiles() * kTileBytes; }

  // Puts the rows side by side, zeros after the last: as they lie, some
  // kilobytes apart, they would meet in few lines of the cache.
  void Copy(int64_t fetch_ahead) const {
    for (int64_t i = 0; i < tiles() * kTile; ++i) {
      std::byte* to = w + i * kStepBytes;
      int64_t left = i < rows ? count : 0;
      const std::byte* from = row(i);
      for (; left >= kStep; left -= kStep, from += kStepBytes) {
        __builtin_prefetch(from + fetch_ahead, 0, 2);
        _mm512_store_si512(to, LoadStep(from));
        to += step_bytes();
      }
      const std::byte* end = w + Steps(count) * step_bytes();
      for (; to < end; to += step_bytes(), left = 0) {
        _mm512_store_si512(
            to, left > 0 ? LoadFirst(from, left) : _mm512_setzero_si512());
      }
    }
    // The compiler believes that loads of tiles read no memory.
    __asm__ volatile("" : : : "memory");
  }
};

// Writes the outputs of one tile of sums: `rows` rows of weights from n on,
// `m_rows` rows of x from m on.
void Finish(const MatMulArgs& args, const float* sums, int64_t n, int64_t rows,
            int64_t m, int64_t m_rows) {
  __m512i v[kTile];
  for (int64_t i = 0; i < kTile; ++i) {
    v[i] = _mm512_load_si512(sums + i * kTile);
  }
  Transpose(v);
  const __mmask16 lanes = FirstLanes(rows);
  for (int64_t i = 0; i < m_rows; ++i) {
    float* y = args.y + (m + i) * args.y_stride + n;
    __m512 sum = _mm512_castsi512_ps(v[i]);
    if (args.bias != nullptr) {
      sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, args.bias + n));
    }
    if (args.accumulate) {
      sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, y));
    }
    _mm512_mask_storeu_ps(y, lanes, sum);
  }
}

// A panel of kW tiles by kX groups of x from group g on. Sums of tile i of
// weights with group j are tile 2 i + j.
template <int kW, int kX>
struct Product {
  const Panel& panel;
  const RowGroups& groups;
  const uint32_t* x;  // all groups
  int64_t g;

  static LLAMBA_INLINE void Clear() {
    _tile_zero(0);
    if constexpr (kX > 1) _tile_zero(1);
    if constexpr (kW > 1) _tile_zero(2);
    if constexpr (kW > 1 && kX > 1) _tile_zero(3);
  }
  static LLAMBA_INLINE void Load(const float* sums) {
    _tile_loadd(0, sums, 64);
    if constexpr (kX > 1) _tile_loadd(1, sums + kTileFloats, 64);
    if constexpr (kW > 1) _tile_loadd(2, sums + 2 * kTileFloats, 64);
    if constexpr (kW > 1 && kX > 1) _tile_loadd(3, sums + 3 * kTileFloats, 64);
  }
  static LLAMBA_INLINE void Store(float* sums) {
    _tile_stored(0, sums, 64);
    if constexpr (kX > 1) _tile_stored(1, sums + kTileFloats, 64);
    if constexpr (kW > 1) _tile_stored(2, sums + 2 * kTileFloats, 64);
    if constexpr (kW > 1 && kX > 1) _tile_stored(3, sums + 3 * kTileFloats, 64);
  }

  // Weights at `from`, `stride` bytes from row to row; kCopy puts them at w.
  // Loads of x leave the first-level cache to the panel.
  template <bool kCopy>
  LLAMBA_INLINE void Step(const std::byte* from, int64_t stride, std::byte* w,
                          const uint32_t* x_step) const {
    const int64_t x_stride = groups.width * 4;
    _tile_stream_loadd(6, x_step, x_stride);
    _tile_loadd(4, from, stride);
    if constexpr (kCopy) _tile_stored(4, w, kStepBytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kW > 1) {
      _tile_loadd(5, from + kTile * stride, stride);
      if constexpr (kCopy) _tile_stored(5, w + kTileBytes, kStepBytes);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (kX > 1) {
      _tile_stream_loadd(7, x_step + groups.step_size(), x_stride);
      _tile_dpbf16ps(1, 4, 7);
      if constexpr (kW > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }

  // Outputs, into the first-level cache: none if others follow on them.
  Ahead<1> Outputs(int64_t steps) const {
    if (!panel.is_last()) return {};
    const MatMulArgs& args = panel.args;
    const int64_t m = g * groups.width;
    return {args.y + m * args.y_stride + panel.n, args.y_stride * 4,
            std::min(kX * groups.width, groups.m - m),
            std::min(kW * kTile, panel.rows) * 4, steps};
  }

  template <bool kCopy>
  LLAMBA_INLINE void AllSteps(Ahead<2>& weights) const {
    const int64_t steps = Steps(panel.count);
    const int64_t stride = kCopy ? panel.args.w.row_bytes : kStepBytes;
    const std::byte* from = kCopy ? panel.row(0) : panel.w;
    std::byte* w = panel.w;
    const uint32_t* x_step = x + groups.At(g, panel.k / kStep);
    Ahead<1> outputs = Outputs(steps);
    Ahead<2> ahead = weights;
    for (int64_t s = 0; s < steps; ++s) {
      Step<kCopy>(from, stride, w, x_step);
      ahead.Step();
      outputs.Step();
      from += kCopy ? kStepBytes : kW * kTileBytes;
      w += kW * kTileBytes;
      x_step += kX * groups.step_size();
    }
    weights = ahead;
  }

  // `sums` is where they wait; `next` are the weights of the next panel;
  // `copy`: the panel is whole, and not at its w yet.
  void Run(float* sums, Ahead<2>& next, bool copy) const {
    if (panel.is_first()) {
      Clear();
    } else {
      Load(sums);
    }
    if (copy) {
      AllSteps<true>(next);
    } else {
      AllSteps<false>(next);
    }
    Store(sums);
    __asm__ volatile("" : : : "memory");
    if (!panel.is_last()) return;
    for (int64_t i = 0; i < kW; ++i) {
      for (int64_t j = 0; j < kX; ++j) {
        const int64_t m = (g + j) * groups.width;
        Finish(panel.args, sums + (2 * i + j) * kTileFloats,
               panel.n + i * kTile, panel.rows - i * kTile, m,
               std::min(groups.width, groups.m - m));
      }
    }
  }
};

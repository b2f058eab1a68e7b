// A panel of weights by groups of rows of x in tiles. Included as
// amx_rows-inl.h is, after amx_weights-inl.h, panels/tiles-inl.h and
// ahead-inl.h.

constexpr int64_t kTileSums = kTile * kTile;

// Rows of weights side by side: two tiles.
constexpr int64_t kPanelN = 2 * kTile;

// Columns [k, k + count) of one or two tiles of weights, at w: of each step one
// tile after the other. The scales of kMostSegment columns lie likewise.
struct Panel {
  int64_t k, count, tiles;
  const std::byte* w;
  const float* scales;

  const float* Scales(int64_t at) const {
    return scales + (at - k) / kMostSegment * tiles * kTile;
  }
};

// What is arranged of x.
struct Rows {
  Rows(const MatMulArgs& args, const std::byte* arranged)
      : groups(args.m, args.w.cols),
        segment(args.segment),
        codes(arranged),
        scales(reinterpret_cast<const float*>(arranged + groups.code_bytes())) {
  }

  const std::byte* Codes(int64_t g, int64_t k) const {
    return codes + groups.At(g, k / kStep);
  }
  const float* Scales(int64_t g, int64_t k) const {
    return scales + k / segment * groups.rows() + g * kTile;
  }

  RowGroups groups;
  int64_t segment;
  const std::byte* codes;
  const float* scales;
};

// kW tiles of weights by kX groups of x: the dot products of a segment wait in
// tiles until those of the next are begun, then they are stored, each before
// the product that clears it, and beside the products of the next steps scaled
// and added to sums in memory. Tile i of weights with group j is tile 2 i + j;
// sums lie in this order, of each 16 rows of x by 16 of weights.
template <int kW, int kX>
class Product {
 public:
  static constexpr int64_t kSums = kW * kX * kTileSums;

  explicit Product(const Rows& rows) : rows_(rows) {}

  // The panel by groups [g, g + kX), added to `sums`.
  void Run(const Panel& panel, int64_t g, float* sums, Ahead<2>& next) {
    const std::byte* x = rows_.Codes(g, panel.k);
    const std::byte* w = panel.w;
    const int64_t end = panel.k + panel.count;
    for (int64_t k = panel.k; k < end; k += rows_.segment) {
      const int64_t steps = Steps(std::min(rows_.segment, end - k));
      const int64_t part = CeilDiv(kParts, steps);
      for (int64_t s = 0; s < steps; ++s) {
        if (s == 0) {
          Step<true>(w, x);
        } else {
          Step<false>(w, x);
        }
        w += kW * kTileBytes;
        x += kX * kTileBytes;
        next.Step();
        AddParts(s * part, part);
      }
      waiting_ = {sums, rows_.Scales(g, k), panel.Scales(k), k > 0};
    }
  }

  // Adds what waits.
  void Finish() {
    _tile_stored(0, Dots(0, 0), 64);
    if constexpr (kW > 1) _tile_stored(2, Dots(1, 0), 64);
    if constexpr (kX > 1) _tile_stored(1, Dots(0, 1), 64);
    if constexpr (kX > 1 && kW > 1) _tile_stored(3, Dots(1, 1), 64);
    __asm__ volatile("" : : : "memory");
    AddParts(0, kParts);
    waiting_ = {};
  }

 private:
  // Vectors that are added at a time.
  static constexpr int64_t kPart = 8;
  static constexpr int64_t kParts = kW * kX * kTile / kPart;
  static constexpr int64_t kPartsOfTile = kTile / kPart;

  struct Waiting {
    float* sums = nullptr;
    const float* x_scales = nullptr;  // kX * kTile
    const float* w_scales = nullptr;  // kW * kTile
    bool add = false;                 // to what `sums` hold
  };

  int32_t* Dots(int i, int j) { return dots_ + (i * kX + j) * kTileSums; }

  // 64 columns. kFirst: of a segment.
  template <bool kFirst>
  LLAMBA_INLINE void Step(const std::byte* w, const std::byte* x) {
    // Loads of x leave the first-level cache to the panel.
    _tile_stream_loadd(6, x, kStep);
    _tile_loadd(4, w, kStep);
    if constexpr (kFirst) {
      _tile_stored(0, Dots(0, 0), 64);
      _tile_zero(0);
    }
    _tile_dpbssd(0, 6, 4);
    if constexpr (kW > 1) {
      _tile_loadd(5, w + kTileBytes, kStep);
      if constexpr (kFirst) {
        _tile_stored(2, Dots(1, 0), 64);
        _tile_zero(2);
      }
      _tile_dpbssd(2, 6, 5);
    }
    if constexpr (kX > 1) {
      _tile_stream_loadd(7, x + kTileBytes, kStep);
      if constexpr (kFirst) {
        _tile_stored(1, Dots(0, 1), 64);
        _tile_zero(1);
      }
      _tile_dpbssd(1, 7, 4);
    }
    if constexpr (kX > 1 && kW > 1) {
      if constexpr (kFirst) {
        _tile_stored(3, Dots(1, 1), 64);
        _tile_zero(3);
      }
      _tile_dpbssd(3, 7, 5);
    }
    // The compiler believes that stores of tiles write no memory.
    if constexpr (kFirst) __asm__ volatile("" : : : "memory");
  }

  void AddParts(int64_t first, int64_t count) {
    if (waiting_.sums == nullptr) return;
    const __mmask16 add = waiting_.add ? 0xffff : 0;
    for (int64_t p = first; p < std::min(first + count, kParts); ++p) {
      const int64_t tile = p / kPartsOfTile;
      const int64_t row = p % kPartsOfTile * kPart;
      const float* x_scales = waiting_.x_scales + tile % kX * kTile + row;
      const __m512 w_scales =
          _mm512_load_ps(waiting_.w_scales + tile / kX * kTile);
      const int32_t* dots = dots_ + p * kPart * kTile;
      float* sums = waiting_.sums + p * kPart * kTile;
      Repeat<kPart>([&](auto r) LLAMBA_INLINE_LAMBDA {
        const __m512 dot =
            _mm512_cvtepi32_ps(_mm512_load_si512(dots + r * kTile));
        const __m512 scale =
            _mm512_mul_ps(w_scales, _mm512_set1_ps(x_scales[r]));
        const __m512 sum = _mm512_maskz_load_ps(add, sums + r * kTile);
        _mm512_store_ps(sums + r * kTile, _mm512_fmadd_ps(dot, scale, sum));
      });
    }
  }

  const Rows& rows_;
  Waiting waiting_;
  alignas(64) int32_t dots_[kSums];
};

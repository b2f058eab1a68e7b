// One row of x in vectors, with the bits that tiles make: vectors read weights
// in longer runs, which memory brings faster. Included as round-inl.h is, after
// amx_rows-inl.h.
//
// Lanes are sixteen steps of 32 columns of one row of weights, whose sums start
// at zero each; these are added in ascending order at the end, sixteen rows of
// weights side by side.

// Subnormals count as zero while it lives, as they do in tiles.
class FlushSubnormals {
 public:
  FlushSubnormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushSubnormals() { _mm_setcsr(before_); }
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

 private:
  unsigned before_;
};

class OneRow {
 public:
  static constexpr int64_t kMaxCols = 8192;

  // x as RoundRows makes it of one row: pair after pair.
  OneRow(const MatMulArgs& args, const std::byte* x) : args_(args) {
    for (int64_t k = 0; k < args.w.cols; k += kChunk) {
      __m512i v[kTile];
      LoadChunk(x + k * 2, Steps(args.w.cols) * kStep - k, v);
      for (int64_t i = 0; i < kTile; ++i) {
        _mm512_store_ps(even_ + k + kTile * i, Even(v[i]));
        _mm512_store_ps(odd_ + k + kTile * i, Odd(v[i]));
      }
    }
  }

  // Rows [n_begin, n_end) of weights, in kRuns blocks of neighbouring rows,
  // read side by side.
  void Run(int64_t n_begin, int64_t n_end) {
    const int64_t block = (n_end - n_begin) / kRuns;
    for (int64_t i = 0; i < block; i += kTile / kRuns) {
      Rows(n_begin + i, block, kRuns, std::min(kTile / kRuns, block - i));
    }
    const int64_t rest = n_begin + block * kRuns;
    if (rest < n_end) Rows(rest, 1, n_end - rest, 1);
  }

 private:
  static constexpr int64_t kRuns = 4;
  static constexpr int64_t kChunk = kTile * kStep;  // columns
  // Bytes of a run of weights that are on their way.
  static constexpr int64_t kFetchAhead = 2048;

  static LLAMBA_INLINE __m512 Even(__m512i pairs) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
  }
  static LLAMBA_INLINE __m512 Odd(__m512i pairs) {
    return _mm512_castsi512_ps(
        _mm512_and_si512(pairs, _mm512_set1_epi32(-0x10000)));
  }

  // Pair after pair of sixteen steps, of which `left` columns are there.
  static LLAMBA_INLINE void LoadChunk(const std::byte* p, int64_t left,
                                      __m512i (&v)[kTile]) {
    for (int64_t i = 0; i < kTile; ++i, left -= kStep) {
      const std::byte* from = p + i * kStepBytes;
      v[i] = left >= kStep ? LoadStep(from)
             : left > 0    ? LoadFirst(from, left)
                           : _mm512_setzero_si512();
    }
    Transpose(v);
  }

  // The sums of sixteen steps from column k on.
  __attribute__((noinline)) void ChunkSums(const std::byte* w, int64_t k,
                                           float* sums) const {
    __m512i v[kTile];
    if (args_.w.cols - k >= kChunk) {
      LoadChunk(w, kChunk, v);
    } else {
      LoadChunk(w, args_.w.cols - k, v);
    }
    __m512 even = _mm512_setzero_ps();
    __m512 odd = _mm512_setzero_ps();
    for (int64_t i = 0; i < kTile; ++i) {
      const int64_t at = k + kTile * i;
      even = _mm512_fmadd_ps(Even(v[i]), _mm512_load_ps(even_ + at), even);
      odd = _mm512_fmadd_ps(Odd(v[i]), _mm512_load_ps(odd_ + at), odd);
    }
    _mm512_store_ps(sums, _mm512_add_ps(even, odd));
  }

  // `count` rows of each of `runs` runs that start `block` rows apart: sixteen
  // at most.
  void Rows(int64_t n, int64_t block, int64_t runs, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      for (int64_t k = 0; k < args_.w.cols; k += kChunk) {
        for (int64_t j = 0; j < runs; ++j) {
          const std::byte* w =
              args_.w.data + (n + j * block + i) * args_.w.row_bytes + k * 2;
          for (int64_t line = 0; line < kChunk * 2; line += 64) {
            __builtin_prefetch(w + kFetchAhead + line, 0, 3);
          }
          ChunkSums(w, k, sums_[i * runs + j] + k / kStep);
        }
      }
    }
    alignas(64) float all[kTile];
    _mm512_store_ps(all, AddSteps(runs * count));
    for (int64_t i = 0; i < runs * count; ++i) {
      Finish(n + i % runs * block + i / runs, all[i]);
    }
  }

  // The sums of `rows` rows, a lane each.
  __m512 AddSteps(int64_t rows) const {
    const int64_t steps = Steps(args_.w.cols);
    __m512 all = _mm512_setzero_ps();
    for (int64_t s = 0; s < steps; s += kTile) {
      __m512i v[kTile] = {};
      for (int64_t i = 0; i < rows; ++i) v[i] = _mm512_load_si512(sums_[i] + s);
      Transpose(v);
      // No more than there are: a zero more could turn the sign of a zero.
      for (int64_t i = 0; i < std::min(kTile, steps - s); ++i) {
        all = _mm512_add_ps(all, _mm512_castsi512_ps(v[i]));
      }
    }
    return all;
  }

  void Finish(int64_t n, float value) const {
    if (args_.bias != nullptr) value += args_.bias[n];
    args_.y[n] = args_.accumulate ? value + args_.y[n] : value;
  }

  const MatMulArgs& args_;
  alignas(64) float even_[kMaxCols], odd_[kMaxCols];
  alignas(64) float sums_[kTile][kMaxCols / kStep];
};

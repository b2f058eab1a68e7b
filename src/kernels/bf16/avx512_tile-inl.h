// The dot products of kM rows of x with kN rows of weights. Included as
// round-inl.h is, after it.

constexpr int kTileN = 4;

// The lanes of four vectors added, each in the one order of all sums: in each
// block of four lanes 0 with 1 and 2 with 3, then both, then halves of blocks.
LLAMBA_INLINE __m128 SumLanes(__m512 a, __m512 b, __m512 c, __m512 d) {
  const auto pairs = [](__m512 v, __m512 w) LLAMBA_INLINE_LAMBDA {
    return _mm512_castps_pd(
        _mm512_add_ps(_mm512_unpacklo_ps(v, w), _mm512_unpackhi_ps(v, w)));
  };
  const __m512d ab = pairs(a, b);
  const __m512d cd = pairs(c, d);
  const __m512 sums =
      _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
                    _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)));
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(sums),
                                    _mm512_extractf32x8_ps(sums, 1));
  return _mm_add_ps(_mm256_castps256_ps128(half),
                    _mm256_extractf128_ps(half, 1));
}

// The sums of kM rows of x with kN rows of weights, those of a row in the first
// kN lanes.
template <int kM>
struct Sums {
  __m128 of[kM];
};

template <int kM, int kN>
struct Tile {
  static_assert(kN == 1 || kN == 4);
  __m512 acc[kM][kN];

  LLAMBA_INLINE void Clear() {
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      Repeat<kN>([&](auto n)
                     LLAMBA_INLINE_LAMBDA { acc[m][n] = _mm512_setzero_ps(); });
    });
  }

  // Adds kStep columns: of x, a group's, and of weights what load_w(n) gives.
  template <class LoadW>
  LLAMBA_INLINE void Add(const uint16_t* x, const LoadW& load_w) {
    __m512bh w[kN];
    Repeat<kN>([&](auto n) LLAMBA_INLINE_LAMBDA {
      w[n] = reinterpret_cast<__m512bh>(load_w(n));
    });
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      const auto row =
          reinterpret_cast<__m512bh>(_mm512_load_si512(x + m * kStep));
      Repeat<kN>([&](auto n) LLAMBA_INLINE_LAMBDA {
        acc[m][n] = _mm512_dpbf16_ps(acc[m][n], w[n], row);
      });
    });
  }

  // Adds a block of columns, all that were added here, to the sums of those
  // before it.
  LLAMBA_INLINE void AddTo(Sums<kM>& sums, bool is_first) const {
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      constexpr int kLast = kN - 1;
      const __m128 block =
          SumLanes(acc[m][0], acc[m][kLast < 1 ? kLast : 1],
                   acc[m][kLast < 2 ? kLast : 2], acc[m][kLast]);
      sums.of[m] = is_first ? block : _mm_add_ps(sums.of[m], block);
    });
  }
};

// Writes the outputs of rows m.. of x with rows n, n + stride, .. of weights.
template <int kM, int kN>
LLAMBA_INLINE void FinishApart(const MatMulArgs& args, int64_t m, int64_t n,
                               int64_t stride, const Sums<kM>& sums) {
  Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
    alignas(16) float values[4];
    _mm_store_ps(values, sums.of[i]);
    for (int j = 0; j < kN; ++j) {
      const int64_t at = n + j * stride;
      float& y = args.y[(m + i) * args.y_stride + at];
      if (args.bias != nullptr) values[j] += args.bias[at];
      y = args.accumulate ? values[j] + y : values[j];
    }
  });
}

// The same of neighbouring rows of weights.
template <int kM, int kN>
LLAMBA_INLINE void Finish(const MatMulArgs& args, int64_t m, int64_t n,
                          const Sums<kM>& sums) {
  if constexpr (kN < 4) {
    FinishApart<kM, kN>(args, m, n, 1, sums);
  } else {
    Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
      __m128 value = sums.of[i];
      float* y = args.y + (m + i) * args.y_stride + n;
      if (args.bias != nullptr) {
        value = _mm_add_ps(value, _mm_loadu_ps(args.bias + n));
      }
      if (args.accumulate) value = _mm_add_ps(value, _mm_loadu_ps(y));
      _mm_storeu_ps(y, value);
    });
  }
}

// The dot products of kM rows of x with kN rows of weights. Included as
// avx512_rows-inl.h is, after it.

constexpr int kTileN = 4;

// kStep weights at any address, and the first `count` of them with zeros after
// these.
LLAMBA_INLINE __m512i LoadStep(const std::byte* p) {
  return _mm512_loadu_si512(p);
}
LLAMBA_INLINE __m512i LoadFirst(const std::byte* p, int64_t count) {
  const auto mask = static_cast<__mmask32>((uint64_t{1} << count) - 1);
  return _mm512_maskz_loadu_epi16(mask, p);
}

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

LLAMBA_INLINE void FinishOne(const MatMulArgs& args, int64_t m, int64_t n,
                             float value) {
  float& y = args.y[m * args.y_stride + n];
  if (args.bias != nullptr) value += args.bias[n];
  y = args.accumulate ? value + y : value;
}

// The same of four outputs next to each other.
LLAMBA_INLINE void FinishFour(const MatMulArgs& args, int64_t m, int64_t n,
                              __m128 value) {
  float* y = args.y + m * args.y_stride + n;
  if (args.bias != nullptr) {
    value = _mm_add_ps(value, _mm_loadu_ps(args.bias + n));
  }
  if (args.accumulate) value = _mm_add_ps(value, _mm_loadu_ps(y));
  _mm_storeu_ps(y, value);
}

template <int kM, int kN>
struct Tile {
  __m512 acc[kM][kN];

  LLAMBA_INLINE void Clear() {
    ForAll([&](auto m, auto n)
               LLAMBA_INLINE_LAMBDA { acc[m][n] = _mm512_setzero_ps(); });
  }
  LLAMBA_INLINE void Load(const float* from) {
    ForAll([&](auto m, auto n) LLAMBA_INLINE_LAMBDA {
      acc[m][n] = _mm512_load_ps(from + (m * kN + n) * 16);
    });
  }
  LLAMBA_INLINE void Store(float* to) const {
    ForAll([&](auto m, auto n) LLAMBA_INLINE_LAMBDA {
      _mm512_store_ps(to + (m * kN + n) * 16, acc[m][n]);
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

  // The outputs of rows m.. of x with rows n, n + stride, .. of weights.
  LLAMBA_INLINE void FinishApart(const MatMulArgs& args, int64_t m, int64_t n,
                                 int64_t stride) const {
    Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
      alignas(16) float sums[4];
      _mm_store_ps(sums, Sums(i));
      for (int j = 0; j < kN; ++j) {
        FinishOne(args, m + i, n + j * stride, sums[j]);
      }
    });
  }
  // The same of neighbouring rows of weights.
  LLAMBA_INLINE void Finish(const MatMulArgs& args, int64_t m,
                            int64_t n) const {
    if constexpr (kN < 4) {
      FinishApart(args, m, n, 1);
    } else {
      Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
        FinishFour(args, m + i, n, Sums(i));
      });
    }
  }

 private:
  static_assert(kN == 1 || kN == 4);

  LLAMBA_INLINE __m128 Sums(int m) const {
    if constexpr (kN == 1) {
      const __m512 v = acc[m][0];
      return SumLanes(v, v, v, v);
    } else {
      return SumLanes(acc[m][0], acc[m][1], acc[m][2], acc[m][3]);
    }
  }

  template <class Fn>
  static LLAMBA_INLINE void ForAll(const Fn& fn) {
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      Repeat<kN>([&](auto n) LLAMBA_INLINE_LAMBDA { fn(m, n); });
    });
  }
};

// The dot products of kM rows of x with kN rows of weights. Included by one
// translation unit an instruction set (or once a target of Highway), inside its
// namespace, after LLAMBA_INLINE, LLAMBA_INLINE_LAMBDA and Repeat.
//
// V describes an instruction set's products, as Floats in cpu/floats-inl.h
// does. V::X is what factors are: float or the bits of a bf16. A step is the
// V::kStep columns of a V::Factors.

// Rows of weights whose outputs are written together.
constexpr int kTileN = 4;

// Calls fn with `rows` (1 to kM) as a constant.
template <int kM, class Fn>
LLAMBA_INLINE void WithRows(int64_t rows, const Fn& fn) {
  if constexpr (kM > 0) {
    if (rows == kM) {
      fn(std::integral_constant<int, kM>());
    } else {
      WithRows<kM - 1>(rows, fn);
    }
  }
}

// The sums of kM rows of x with kN rows of weights, those of a row in the first
// kN lanes.
template <class V, int kM>
struct Sums {
  typename V::Four of[kM];

  // Written out, for the compiler's own would lack a target's attributes.
  LLAMBA_INLINE Sums() {}
};

template <class V, int kM, int kN>
struct Tile {
  static_assert(kN == 1 || kN == kTileN);
  typename V::Sum acc[kM][kN];

  LLAMBA_INLINE Tile() {}

  LLAMBA_INLINE void Clear() {
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      Repeat<kN>([&](auto n)
                     LLAMBA_INLINE_LAMBDA { acc[m][n] = V::ZeroSum(); });
    });
  }

  // Adds a step: load_x(m) of each row of x, load_w(n) of each of weights.
  // Beside the sums registers hold the fewer of both, and one of the others.
  template <class LoadX, class LoadW>
  LLAMBA_INLINE void Add(const LoadX& load_x, const LoadW& load_w) {
    if constexpr (kM < kN) {
      typename V::Factors rows[kM];
      Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA { rows[m] = load_x(m); });
      Repeat<kN>([&](auto n) LLAMBA_INLINE_LAMBDA {
        const auto w = load_w(n);
        Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
          acc[m][n] = V::MultiplyAdd(w, rows[m], acc[m][n]);
        });
      });
    } else {
      typename V::Factors w[kN];
      Repeat<kN>([&](auto n) LLAMBA_INLINE_LAMBDA { w[n] = load_w(n); });
      Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
        const auto row = load_x(m);
        Repeat<kN>([&](auto n) LLAMBA_INLINE_LAMBDA {
          acc[m][n] = V::MultiplyAdd(w[n], row, acc[m][n]);
        });
      });
    }
  }

  // Adds a block of columns, all that were added here, to the sums of those
  // before it.
  LLAMBA_INLINE void AddTo(Sums<V, kM>& sums, bool is_first) const {
    Repeat<kM>([&](auto m) LLAMBA_INLINE_LAMBDA {
      constexpr int kLast = kN - 1;
      const auto block =
          V::SumLanes(acc[m][0], acc[m][kLast < 1 ? kLast : 1],
                      acc[m][kLast < 2 ? kLast : 2], acc[m][kLast]);
      sums.of[m] = is_first ? block : V::Add(sums.of[m], block);
    });
  }
};

// Writes the outputs of rows m.. of x with rows n, n + stride, .. of weights.
template <class V, int kM, int kN>
LLAMBA_INLINE void FinishApart(const MatMulArgs& args, int64_t m, int64_t n,
                               int64_t stride, const Sums<V, kM>& sums) {
  Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
    float values[4];
    V::StoreFour(sums.of[i], values);
    for (int j = 0; j < kN; ++j) {
      const int64_t at = n + j * stride;
      float& y = args.y[(m + i) * args.y_stride + at];
      if (args.bias != nullptr) values[j] += args.bias[at];
      y = args.accumulate ? values[j] + y : values[j];
    }
  });
}

// The same of neighbouring rows of weights.
template <class V, int kM, int kN>
LLAMBA_INLINE void Finish(const MatMulArgs& args, int64_t m, int64_t n,
                          const Sums<V, kM>& sums) {
  if constexpr (kN < 4) {
    FinishApart<V, kM, kN>(args, m, n, 1, sums);
  } else {
    Repeat<kM>([&](auto i) LLAMBA_INLINE_LAMBDA {
      auto value = sums.of[i];
      float* y = args.y + (m + i) * args.y_stride + n;
      if (args.bias != nullptr) {
        value = V::Add(value, V::LoadFour(args.bias + n));
      }
      if (args.accumulate) value = V::Add(value, V::LoadFour(y));
      V::StoreFour(value, y);
    });
  }
}

// Rows of x in signed bytes with a scale a segment, in the order that tiles of
// AMX read them. Included by one translation unit an instruction set, inside
// its anonymous namespace, after lanes-inl.h and panels/tiles-inl.h.
//
// Rows stand in groups of kTile, the last padded with rows of zeros. A step of
// a group is 64 columns of its rows, zeros after the last; steps lie as StepAt
// has them. Scales follow all codes: of a segment those of all rows.

constexpr int64_t kTile = 16;  // rows of a tile
constexpr int64_t kStep = 64;  // columns of a tile
constexpr int64_t kTileBytes = kTile * kStep;

// Columns of a panel of weights: it stays in the first-level cache while rows
// of x pass. Whole segments.
constexpr int64_t kPanelCols = 2 * kMostSegment;
constexpr int64_t kPanelSteps = kPanelCols / kStep;

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t Steps(int64_t cols) { return CeilDiv(cols, kStep); }

struct RowGroups {
  RowGroups(int64_t rows, int64_t cols)
      : count(CeilDiv(rows, kTile)), steps(Steps(cols)) {}

  int64_t rows() const { return count * kTile; }
  int64_t code_bytes() const { return steps * count * kTileBytes; }

  // Where a step of group g starts.
  int64_t At(int64_t g, int64_t step) const {
    return StepAt(g, step, count, steps, kPanelSteps) * kTileBytes;
  }

  int64_t count, steps;
};

size_t ArrangedBytes(int64_t m, int64_t cols) {
  const RowGroups groups(m, cols);
  const int64_t scales = CeilDiv(cols, kLeastSegment) * groups.rows();
  return static_cast<size_t>(groups.code_bytes() +
                             scales * int64_t{sizeof(float)});
}

// Bits of magnitudes, in the order of these; what is no number is larger than
// all numbers.
LLAMBA_INLINE __m512i Magnitude(__m512 v) {
  return _mm512_and_si512(_mm512_castps_si512(v),
                          _mm512_set1_epi32(0x7fffffff));
}

// `count` columns of a row.
class SegmentOfRow {
 public:
  SegmentOfRow(const float* x, int64_t count) : x_(x), count_(count) {
    __m512i largest = _mm512_setzero_si512();
    for (int64_t k = 0; k < count_; k += 16) {
      largest = _mm512_max_epi32(largest, Magnitude(Load(k)));
    }
    const int32_t bits = _mm512_reduce_max_epi32(largest);
    float max = 0;
    __builtin_memcpy(&max, &bits, sizeof bits);
    if (max < kLeastValue) return;
    if (max <= kMostValue) {
      scale_ = max / kMostCode;
      factor_ = kMostCode / max;
    } else {
      scale_ = std::numeric_limits<float>::quiet_NaN();
    }
  }

  float scale() const { return scale_; }

  // Codes of kStep columns from k on, zeros after the last.
  __m512i Codes(int64_t k) const {
    const __m512 factor = _mm512_set1_ps(factor_);
    __m128i part[4];
    Repeat<4>([&](auto i) LLAMBA_INLINE_LAMBDA {
      part[i] = _mm512_cvtsepi32_epi8(
          _mm512_cvtps_epi32(_mm512_mul_ps(Load(k + i * 16), factor)));
    });
    __m512i all = _mm512_castsi128_si512(part[0]);
    all = _mm512_inserti32x4(all, part[1], 1);
    all = _mm512_inserti32x4(all, part[2], 2);
    return _mm512_inserti32x4(all, part[3], 3);
  }

 private:
  LLAMBA_INLINE __m512 Load(int64_t k) const {
    return _mm512_maskz_loadu_ps(FirstLanes(count_ - k), x_ + k);
  }

  const float* x_;
  int64_t count_;
  float scale_ = 0, factor_ = 0;
};

void ArrangeRow(const ArrangeArgs& args, const RowGroups& groups, int64_t m) {
  const float* x = args.x + m * args.x_stride;
  std::byte* codes = args.out + m % kTile * kStep;
  auto* scales = reinterpret_cast<float*>(args.out + groups.code_bytes()) + m;
  for (int64_t k = 0; k < args.cols; k += args.segment) {
    const int64_t count =
        m < args.m ? std::min(args.segment, args.cols - k) : 0;
    const SegmentOfRow segment(x + k, count);
    *scales = segment.scale();
    scales += groups.rows();
    const int64_t end = std::min(k + args.segment, args.cols);
    for (int64_t at = k; at < end; at += kStep) {
      _mm512_store_si512(codes + groups.At(m / kTile, at / kStep),
                         segment.Codes(at - k));
    }
  }
}

void ArrangeRows(const ArrangeArgs& args, int64_t m_begin, int64_t m_end) {
  const RowGroups groups(args.m, args.cols);
  // Who arranges the last row adds the rows of zeros.
  const int64_t end = m_end == args.m ? groups.rows() : m_end;
  for (int64_t m = m_begin; m < end; ++m) ArrangeRow(args, groups, m);
}

// Rows of x in bf16, in the order that tiles of AMX read them. Included as
// round-inl.h is, after it and panels/tiles-inl.h.
//
// Rows stand in groups of at most kTile, as even in size as can be, the last
// padded with rows of zeros. A step of a group is 32 columns of its rows: 16
// pairs of columns, of a pair each row; steps lie as StepAt has them.

constexpr int64_t kTile = 16;  // rows of a tile, and its columns of 4 bytes

int64_t Steps(int64_t cols) { return (cols + kStep - 1) / kStep; }

// Columns of a panel of weights: it stays in the first-level cache while rows
// of x pass.
constexpr int64_t kPanelCols = 512;

struct RowGroups {
  RowGroups(int64_t rows, int64_t cols)
      : m(rows),
        count((rows + kTile - 1) / kTile),
        width(count > 0 ? (rows + count - 1) / count : 0),
        steps(Steps(cols)) {}

  // In pairs of 4 bytes: a step of a group, all steps of all groups, and where
  // a step starts.
  int64_t step_size() const { return kTile * width; }
  int64_t size() const { return steps * count * step_size(); }
  int64_t At(int64_t g, int64_t step) const {
    return StepAt(g, step, count, steps, kPanelCols / kStep) * step_size();
  }

  int64_t m, count;
  int64_t width;  // rows of a group
  int64_t steps;
};

// Swaps rows and columns of 16 x 16.
void Transpose(__m512i (&v)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    v[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    v[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    v[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    v[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(v[i], v[4 + i], 0x88);
    t[4 + i] = _mm512_shuffle_i32x4(v[i], v[4 + i], 0xdd);
    t[8 + i] = _mm512_shuffle_i32x4(v[8 + i], v[12 + i], 0x88);
    t[12 + i] = _mm512_shuffle_i32x4(v[8 + i], v[12 + i], 0xdd);
  }
  for (int i = 0; i < 8; ++i) {
    v[i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0x88);
    v[8 + i] = _mm512_shuffle_i32x4(t[i], t[8 + i], 0xdd);
  }
}

size_t RoundedBytes(int64_t m, int64_t cols) {
  const RowGroups groups(m, cols);
  return static_cast<size_t>(groups.size()) * sizeof(uint32_t);
}

// Lanes [begin, end) of group g; those of rows that are not there are zeros.
void RoundGroup(const ArrangeArgs& args, const RowGroups& groups, int64_t g,
                int64_t begin, int64_t end) {
  const int64_t first = g * groups.width;
  const float* x = args.x + first * args.x_stride;
  const auto lanes =
      static_cast<__mmask16>(FirstLanes(end) & ~FirstLanes(begin));
  for (int64_t k = 0; k < args.cols; k += kStep) {
    __m512i v[kTile] = {};
    for (int64_t i = begin; i < std::min(args.m - first, end); ++i) {
      v[i] = RoundStep(x + i * args.x_stride + k, args.cols - k);
    }
    Transpose(v);
    auto* to = reinterpret_cast<uint32_t*>(args.out) + groups.At(g, k / kStep);
    for (const __m512i& pair : v) {
      _mm512_mask_storeu_epi32(to, lanes, pair);
      to += groups.width;
    }
  }
}

void RoundRows(const ArrangeArgs& args, int64_t m_begin, int64_t m_end) {
  if (m_begin == m_end) return;
  const RowGroups groups(args.m, args.cols);
  // Who rounds the last row adds the rows of zeros.
  const int64_t last = m_end == args.m ? groups.count * groups.width : m_end;
  for (int64_t g = m_begin / groups.width; g * groups.width < last; ++g) {
    const int64_t first = g * groups.width;
    RoundGroup(args, groups, g, std::max<int64_t>(m_begin - first, 0),
               std::min(last - first, groups.width));
  }
}

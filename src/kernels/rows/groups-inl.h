// Rows of x in the order that tiles read them. Included as tile-inl.h is, after
// it.
//
// Rows stand in groups of at most V::kTileM, as even in size as can be: a group
// of one row would leave the multipliers waiting for their own results. Of a
// block of columns each group holds a step of each of its rows, then the next
// step of each, and so on, the last padded with zeros; then comes the next
// block. So the rows that a panel of weights meets lie in one run, and spread
// over all sets of a cache.

// Columns whose sums share a vector; of kPanelRows rows of weights, they are
// kept side by side in half of the first-level cache while rows of x pass.
constexpr int64_t kPanelBytes = 16 << 10;
template <class V>
constexpr int64_t kPanelRows = kTileN* V::kPanelTiles;
template <class V>
constexpr int64_t kBlockK = kPanelBytes / kPanelRows<V> / sizeof(typename V::X);

// Columns with those of a last step that is not full.
template <class V>
constexpr int64_t WholeSteps(int64_t cols) {
  return (cols + V::kStep - 1) / V::kStep * V::kStep;
}

template <class V>
class RowGroups {
 public:
  using X = typename V::X;

  RowGroups(int64_t m, int64_t cols, const std::byte* data)
      : m_(m),
        count_((m + V::kTileM - 1) / V::kTileM),
        least_(count_ > 0 ? m / count_ : 1),
        larger_(count_ > 0 ? m % count_ : 0),
        cols_(WholeSteps<V>(cols)),
        data_(reinterpret_cast<const X*>(data)) {}

  int64_t count() const { return count_; }
  // The first row of a group, and how many it has. Larger groups come first.
  int64_t First(int64_t g) const { return g * least_ + std::min(g, larger_); }
  int64_t Rows(int64_t g) const { return least_ + (g < larger_ ? 1 : 0); }
  // The group of row m.
  int64_t Of(int64_t m) const {
    const int64_t in_larger = larger_ * (least_ + 1);
    return m < in_larger ? m / (least_ + 1) : (m - larger_) / least_;
  }
  // Where the group's columns from k on lie, k a multiple of kBlockK.
  int64_t Place(int64_t g, int64_t k) const {
    return k * m_ + First(g) * std::min(kBlockK<V>, cols_ - k);
  }
  const X* At(int64_t g, int64_t k) const { return data_ + Place(g, k); }

 private:
  int64_t m_, count_, least_, larger_, cols_;
  const X* data_;
};

// The step of row m of a group that starts at x.
template <class V>
LLAMBA_INLINE auto FromGroup(const typename V::X* x) {
  return [x](auto m) LLAMBA_INLINE_LAMBDA { return V::Load(x + m * V::kStep); };
}

template <class V>
size_t ArrangedBytes(int64_t m, int64_t cols) {
  return static_cast<size_t>(m * WholeSteps<V>(cols)) * sizeof(typename V::X);
}

template <class V>
void Arrange(const ArrangeArgs& args, int64_t m_begin, int64_t m_end) {
  const RowGroups<V> groups(args.m, args.cols, args.out);
  auto* out = reinterpret_cast<typename V::X*>(args.out);
  for (int64_t m = m_begin; m < m_end; ++m) {
    const int64_t g = groups.Of(m);
    const float* x = args.x + m * args.x_stride;
    for (int64_t k = 0; k < args.cols; k += kBlockK<V>) {
      auto* to = out + groups.Place(g, k) + (m - groups.First(g)) * V::kStep;
      const int64_t end = std::min(args.cols, k + kBlockK<V>);
      for (int64_t i = k; i < end; i += V::kStep) {
        V::Store(V::FromFloats(x + i, end - i), to);
        to += groups.Rows(g) * V::kStep;
      }
    }
  }
}

// Rows of x in bf16, in the order that tiles of AVX-512 read them. Included as
// round-inl.h is, after it.
//
// Rows stand in groups of at most kTileM, as even in size as can be: a group of
// one row would leave the multipliers waiting for their own results. A group
// holds 32 columns of each of its rows, then the next 32 of each, and so on;
// the last columns are padded with zeros.

constexpr int kTileM = 6;

class RowGroups {
 public:
  RowGroups(int64_t m, int64_t cols, const std::byte* data)
      : count_((m + kTileM - 1) / kTileM),
        least_(count_ > 0 ? m / count_ : 1),
        larger_(count_ > 0 ? m % count_ : 0),
        cols_(Steps(cols) * kStep),
        data_(reinterpret_cast<const uint16_t*>(data)) {}

  int64_t count() const { return count_; }
  // The first row of a group, and how many it has. Larger groups come first.
  int64_t First(int64_t g) const { return g * least_ + std::min(g, larger_); }
  int64_t Rows(int64_t g) const { return least_ + (g < larger_ ? 1 : 0); }
  // The group of row m.
  int64_t Of(int64_t m) const {
    const int64_t in_larger = larger_ * (least_ + 1);
    return m < in_larger ? m / (least_ + 1) : (m - larger_) / least_;
  }
  const uint16_t* group(int64_t g) const { return data_ + First(g) * cols_; }

 private:
  int64_t count_, least_, larger_, cols_;
  const uint16_t* data_;
};

// Calls fn with `rows` (1 to kTileM) as a constant.
template <int kM = kTileM, class Fn>
void WithRows(int64_t rows, const Fn& fn) {
  if constexpr (kM > 0) {
    if (rows == kM) {
      fn(std::integral_constant<int, kM>());
    } else {
      WithRows<kM - 1>(rows, fn);
    }
  }
}

size_t RoundedBytes(int64_t m, int64_t cols) {
  return static_cast<size_t>(m * Steps(cols) * kStepBytes);
}

void RoundRows(const RoundArgs& args, int64_t m_begin, int64_t m_end) {
  const RowGroups groups(args.m, args.cols, args.out);
  for (int64_t m = m_begin; m < m_end; ++m) {
    const int64_t g = groups.Of(m);
    const int64_t place =
        (groups.group(g) - groups.group(0)) + (m - groups.First(g)) * kStep;
    auto* to = reinterpret_cast<uint16_t*>(args.out) + place;
    const float* x = args.x + m * args.x_stride;
    for (int64_t left = args.cols; left > 0; left -= kStep, x += kStep) {
      _mm512_store_si512(to, RoundStep(x, left));
      to += groups.Rows(g) * kStep;
    }
  }
}

// Included by one translation unit an instruction set (or once a target of
// Highway), inside its namespace, after LLAMBA_INLINE.

constexpr int64_t kLineBytes = 64;

// One run of memory that comes next, fetched into the second-level cache, some
// lines a step, while other is worked on.
class AheadRun {
 public:
  AheadRun(const std::byte* at, int64_t bytes, int64_t steps)
      : at_(at),
        end_(at + bytes),
        step_bytes_((bytes / kLineBytes / steps + 1) * kLineBytes) {}

  LLAMBA_INLINE void Step() {
    const std::byte* stop = at_ + std::min(step_bytes_, end_ - at_);
    for (; at_ < stop; at_ += kLineBytes) __builtin_prefetch(at_, 0, 2);
  }

 private:
  const std::byte *at_, *end_;
  int64_t step_bytes_;
};

// Rows of memory that come next and lie apart, fetched into a level of the
// cache as AheadRun fetches one run: a pass over rows of x is too short for the
// processor to learn where they lie.
template <int kLevel>
class Ahead {
 public:
  Ahead() = default;
  // `rows` rows of `bytes` bytes each from `at` on, in `steps` steps.
  Ahead(const void* at, int64_t row_bytes, int64_t rows, int64_t bytes,
        int64_t steps)
      : row_(static_cast<const std::byte*>(at)),
        row_bytes_(row_bytes),
        rows_(rows),
        bytes_(bytes),
        lines_((bytes + kLineBytes - 1) / kLineBytes * rows / steps + 1) {}

  void Step() {
    for (int64_t i = 0; i < lines_ && rows_ > 0; ++i) {
      __builtin_prefetch(row_ + at_, 0, 4 - kLevel);
      at_ += kLineBytes;
      if (at_ < bytes_) continue;
      at_ = 0;
      row_ += row_bytes_;
      --rows_;
    }
  }

 private:
  const std::byte* row_ = nullptr;
  int64_t row_bytes_ = 0, rows_ = 0, bytes_ = 0;
  int64_t lines_ = 0;  // a step
  int64_t at_ = 0;
};

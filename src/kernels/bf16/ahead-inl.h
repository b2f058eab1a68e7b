// Included as round-inl.h is.

// Memory that comes next is fetched into a level of the cache, some lines a
// step, while other is worked on: a pass over rows of x is too short for the
// processor to learn where it lies.

constexpr int64_t kLineBytes = 64;

template <int kLevel>
LLAMBA_INLINE void FetchLine(const std::byte* line) {
  __builtin_prefetch(line, 0, 4 - kLevel);
}

// Rows that lie apart.
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
      FetchLine<kLevel>(row_ + at_);
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

// One run of bytes.
template <int kLevel>
class AheadRun {
 public:
  AheadRun() = default;
  AheadRun(const void* at, int64_t bytes, int64_t steps)
      : at_(static_cast<const std::byte*>(at)),
        end_(at_ + bytes),
        step_bytes_((bytes / kLineBytes / steps + 1) * kLineBytes) {}

  void Step() {
    const std::byte* stop = at_ + std::min(step_bytes_, end_ - at_);
    for (; at_ < stop; at_ += kLineBytes) FetchLine<kLevel>(at_);
  }

 private:
  const std::byte *at_ = nullptr, *end_ = nullptr;
  int64_t step_bytes_ = 0;
};

// Included as round-inl.h is.

// Weights that come next, fetched while others are multiplied: a pass over rows
// of x is too short for the processor to learn where they lie.
class Ahead {
 public:
  Ahead() = default;
  // `rows` rows of `bytes` bytes each at w.
  Ahead(const std::byte* w, int64_t row_bytes, int64_t rows, int64_t bytes)
      : w_(w), row_bytes_(row_bytes), rows_(rows), bytes_(bytes) {}

  int64_t lines() const { return (bytes_ + 63) / 64 * rows_; }
  void Step(int64_t lines) {
    for (; lines > 0 && rows_ > 0; --lines) {
      // Into the second-level cache.
      __builtin_prefetch(w_ + at_, 0, 2);
      at_ += 64;
      if (at_ < bytes_) continue;
      at_ = 0;
      w_ += row_bytes_;
      --rows_;
    }
  }

 private:
  const std::byte* w_ = nullptr;
  int64_t row_bytes_ = 0, rows_ = 0, bytes_ = 0;
  int64_t at_ = 0;
};

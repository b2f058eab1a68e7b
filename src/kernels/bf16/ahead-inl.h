// Included as round-inl.h is.

#include "kernels/ahead-inl.h"

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

// Included by one translation unit an instruction set, inside its anonymous
// namespace, after repeat-inl.h.

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

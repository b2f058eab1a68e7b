#ifndef LLAMBA_RUNTIME_BATCH_H_
#define LLAMBA_RUNTIME_BATCH_H_

#include <cstdint>
#include <span>

#include "base/aligned_buffer.h"
#include "runtime/state.h"

namespace llamba {

// The rows of one sequence in a pass through the layers: its tokens in order,
// the first at the state's position.
struct Segment {
  State* state = nullptr;
  int64_t first_row = 0;
  int64_t n_tokens = 0;
};

// Rows of activations that pass through the layers together.
struct Batch {
  std::span<const Segment> segments;
  int64_t rows = 0;
};

// A working buffer (rows, width) that grows to the most rows ever asked for and
// keeps its contents for the length of one pass only.
class RowBuffer {
 public:
  explicit RowBuffer(int64_t width) : width_(width) {}

  int64_t width() const { return width_; }
  float* Row(int64_t row) { return values_.data() + row * width_; }
  // Room for `rows`, contents undefined.
  float* Resize(int64_t rows) {
    const auto floats = static_cast<size_t>(rows * width_);
    if (floats > values_.size()) {
      values_ = {};  // not both at once
      values_ = AlignedBuffer<float>(floats);
    }
    return values_.data();
  }

 private:
  int64_t width_;
  AlignedBuffer<float> values_;
};

// Null for a tensor that the config does not have.
inline const float* OrNull(const AlignedBuffer<float>& vector) {
  return vector.size() == 0 ? nullptr : vector.data();
}

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_BATCH_H_

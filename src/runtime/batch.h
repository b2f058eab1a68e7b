#ifndef LLAMBA_RUNTIME_BATCH_H_
#define LLAMBA_RUNTIME_BATCH_H_

#include <algorithm>
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
  bool prompt = false;  // see SequenceInput::prompt

  // How many columns of a product's activations may share a scale
  // (MatMulArgs::segment): of those that a norm made, which are alike in size,
  // and of others. docs/kernels.md has what it costs.
  int64_t NormedSegment() const { return prompt ? 256 : 0; }
  int64_t InnerSegment() const { return prompt ? 128 : 0; }
};

// The memory of working buffers that are in use by turns.
class RowMemory {
 public:
  // The widest of its buffers, in floats.
  int64_t width() const { return width_; }
  void Widen(int64_t width) { width_ = std::max(width_, width); }
  float* data() { return values_.data(); }
  // Room for `floats` of them, contents undefined.
  void Resize(int64_t floats) {
    const auto size = static_cast<size_t>(floats);
    if (size <= values_.size()) return;
    values_ = {};  // not both at once
    values_ = AlignedBuffer<float>(size);
  }

 private:
  int64_t width_ = 0;
  AlignedBuffer<float> values_;
};

// The parts of a layer run one after the other, so they share memory: two
// buffers of each that are as wide as the part's inner vectors.
struct Scratch {
  RowMemory first, second;
};

// A working buffer (rows, width) that grows to the most rows ever asked for and
// keeps its contents for the length of one pass only, or, in a Scratch (which
// must outlive it), of one part's Run.
class RowBuffer {
 public:
  explicit RowBuffer(int64_t width) : width_(width), memory_(&own_) {}
  RowBuffer(int64_t width, RowMemory& memory)
      : width_(width), memory_(&memory) {
    memory.Widen(width);
  }
  RowBuffer(const RowBuffer&) = delete;
  RowBuffer& operator=(const RowBuffer&) = delete;

  int64_t width() const { return width_; }
  float* Row(int64_t row) { return memory_->data() + row * width_; }
  // Room for `rows`, contents undefined.
  float* Resize(int64_t rows) {
    memory_->Resize(rows * width_);
    return memory_->data();
  }

 private:
  int64_t width_;
  RowMemory own_;  // empty where it lies in a Scratch
  RowMemory* memory_;
};

// Null for a tensor that the config does not have.
inline const float* OrNull(const AlignedBuffer<float>& vector) {
  return vector.size() == 0 ? nullptr : vector.data();
}

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_BATCH_H_

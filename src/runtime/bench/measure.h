#ifndef LLAMBA_RUNTIME_BENCH_MEASURE_H_
#define LLAMBA_RUNTIME_BENCH_MEASURE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/executor.h"

namespace llamba {

// The middle value (of an even number, the upper of the two); 0 for none.
double Median(std::vector<double> values);

struct PrefillSpeed {
  int64_t tokens = 0;
  double seconds = 0;  // median
  // Of the products with matrices; the head's is made for the last token alone.
  double multiply_adds = 0;
};

// One step of `batch` sequences that have read `depth` tokens each.
struct DecodeSpeed {
  int64_t depth = 0;
  int64_t batch = 0;
  double seconds = 0;         // of a step, median
  double stream_seconds = 0;  // of reading the step's matrices, median
  // What a step must move: the matrices, every recurrent state in and out, and
  // the caches of attention.
  int64_t bytes = 0;
  int64_t state_bytes = 0;   // of one sequence at that depth
  double multiply_adds = 0;  // of the products with matrices, all sequences
  // Moving them at the streaming rate against the step, taken in pairs one
  // right after the other (so that a machine that others use too changes both
  // alike), median.
  double of_stream = 0;
};

// Measures a model with ids from a fixed generator. One thread at a time.
class Measure {
 public:
  // A sample of decoding takes so many steps at most: the depth is what it
  // says.
  static constexpr int64_t kSampleSteps = 32;

  // Each figure is the median of `repeats` samples.
  Measure(std::shared_ptr<const Model> model, int repeats);

  // What the context holds: tokens of a prompt, and before a sample of
  // decoding. Without attention, the largest number.
  int64_t most_tokens() const;
  int64_t most_depth() const;

  // Throw Error beyond these.
  PrefillSpeed Prefill(int64_t tokens);
  DecodeSpeed Decode(int64_t depth, int64_t batch);
  // Bytes of the matrices that a step reads.
  int64_t step_bytes() const;
  // What the layers multiply.
  Products products() const { return products_; }

 private:
  std::vector<int32_t> Ids(int64_t n);
  // Seconds a step, over enough steps to be measured.
  double TimeSteps(std::span<State> states);

  std::shared_ptr<const Model> model_;
  Executor executor_;
  int repeats_;
  std::vector<std::span<const std::byte>> matrices_;
  double layer_multiply_adds_ = 0, head_multiply_adds_ = 0;  // a token
  Products products_ = Products::kFloat32;
  uint32_t generator_ = 1;
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_BENCH_MEASURE_H_

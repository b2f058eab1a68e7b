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
};

// One step of `batch` sequences that have read `depth` tokens each.
struct DecodeSpeed {
  int64_t depth = 0;
  int64_t batch = 0;
  double seconds = 0;         // of a step, median
  double stream_seconds = 0;  // of reading the step's matrices, median
  // Reading them against the step, taken in pairs one right after the other
  // (so that a machine that others use too changes both alike), median.
  double of_stream = 0;
};

// Measures a model with ids from a fixed generator. One thread at a time.
class Measure {
 public:
  // Each figure is the median of `repeats` samples.
  Measure(std::shared_ptr<const Model> model, int repeats);

  PrefillSpeed Prefill(int64_t tokens);
  DecodeSpeed Decode(int64_t depth, int64_t batch);
  // Bytes of the matrices that a step reads.
  int64_t step_bytes() const;

 private:
  std::vector<int32_t> Ids(int64_t n);
  // Seconds a step, over enough steps to be measured.
  double TimeSteps(std::span<State> states);

  std::shared_ptr<const Model> model_;
  Executor executor_;
  int repeats_;
  std::vector<std::span<const std::byte>> matrices_;
  uint32_t generator_ = 1;
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_BENCH_MEASURE_H_

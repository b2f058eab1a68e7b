#ifndef LLAMBA_DISTILL_TRAIN_METRICS_H_
#define LLAMBA_DISTILL_TRAIN_METRICS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distill/train/evaluate.h"

namespace llamba::distill {

// One line of metrics.jsonl.
struct StepMetrics {
  int stage = 1;
  int64_t step = 0;    // updates done in the stage
  int64_t tokens = 0;  // of the stage
  double loss = 0, gradient_norm = 0, learning_rate = 0;
  double tokens_per_second = 0;
  std::vector<double> per_layer;   // stages 1 and 2
  std::optional<double> kl, top1;  // stage 3
  std::optional<Evaluation> evaluation;
};

// Appends to `path`; lines of later steps than (stage, step), left by a run
// that is now resumed from an earlier checkpoint, are dropped when it opens.
class MetricsLog {
 public:
  MetricsLog(std::string path, int stage, int64_t step);
  void Write(const StepMetrics& metrics);

 private:
  std::string path_;
};

std::vector<StepMetrics> ReadMetrics(const std::string& path);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_METRICS_H_

#ifndef LLAMBA_DISTILL_TRAIN_METRICS_H_
#define LLAMBA_DISTILL_TRAIN_METRICS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distill/train/evaluate.h"

namespace llamba::distill {

// One line of metrics.jsonl. Step 0 of a stage is its start: an evaluation
// without a loss.
struct StepMetrics {
  int stage = 1;
  int64_t step = 0;    // updates done in the stage
  int64_t tokens = 0;  // of the stage
  double loss = 0, gradient_norm = 0, learning_rate = 0;
  double tokens_per_second = 0;
  double peak_share = 0;                 // of the device's measured peak
  std::vector<double> per_layer;         // see StageLoss
  std::optional<double> kl, top1;        // stage 3
  std::optional<Evaluation> evaluation;  // the mean over all sets
  std::vector<SetEvaluation> sets;       // the file has them from two on
};

std::string MetricsToJson(const StepMetrics& metrics);

// Lines that are whole, in the file's order.
std::vector<StepMetrics> ReadMetrics(const std::string& path);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_METRICS_H_

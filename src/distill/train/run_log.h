#ifndef LLAMBA_DISTILL_TRAIN_RUN_LOG_H_
#define LLAMBA_DISTILL_TRAIN_RUN_LOG_H_

#include <memory>
#include <string>

#include "base/progress.h"
#include "distill/train/maps.h"
#include "distill/train/metrics.h"
#include "distill/train/step_log.h"

namespace llamba::distill {

// What worker 0 of a run tells: metrics.jsonl and maps.jsonl in the output
// folder, progress, and evaluations in the log.
class RunLog {
 public:
  // Lines later than (stage, step) are dropped, see StepLog.
  RunLog(const std::string& output, int stage, int64_t step);

  // Of the stage's `tokens`, `done` were learnt before.
  void BeginStage(const std::string& name, int64_t tokens, int64_t done);
  void Write(const StepMetrics& metrics);
  void Write(const MapsSnapshot& maps, int stage, int64_t step);
  void EndStage();

 private:
  StepLog metrics_, maps_;
  std::string stage_;
  std::unique_ptr<Progress> progress_;
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_RUN_LOG_H_

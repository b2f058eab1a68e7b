#ifndef LLAMBA_DISTILL_TRAIN_STEP_LOG_H_
#define LLAMBA_DISTILL_TRAIN_STEP_LOG_H_

#include <cstdint>
#include <string>

namespace llamba::distill {

// A file of JSON lines, each an object with "stage" and "step", that a run
// appends to.
class StepLog {
 public:
  // Lines of later steps than (stage, step), left by a run that is now resumed
  // from an earlier checkpoint, are dropped, and so is half a line.
  StepLog(std::string path, int stage, int64_t step);
  void Append(const std::string& line);
  bool empty() const { return empty_; }

 private:
  std::string path_;
  bool empty_ = true;
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_STEP_LOG_H_

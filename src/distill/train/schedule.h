#ifndef LLAMBA_DISTILL_TRAIN_SCHEDULE_H_
#define LLAMBA_DISTILL_TRAIN_SCHEDULE_H_

#include <cstdint>

namespace llamba::distill {

// Warm-up / stable / decay: the learning rate rises linearly over the first
// `warmup` share of the steps, stays at `peak`, and falls linearly over the
// last `decay` share to `final`.
struct Schedule {
  double peak = 1e-4;
  double final = 1e-8;
  double warmup = 0.1;
  double decay = 0.1;
  int64_t n_steps = 1;

  // Of step 0 .. n_steps - 1.
  double LearningRate(int64_t step) const;
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_SCHEDULE_H_

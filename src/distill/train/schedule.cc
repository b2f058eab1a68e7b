#include "distill/train/schedule.h"

#include <algorithm>
#include <cmath>

namespace llamba::distill {

double Schedule::LearningRate(int64_t step) const {
  const auto steps_of = [this](double share) {
    return std::round(share * static_cast<double>(n_steps));
  };
  const double up = steps_of(warmup), down = steps_of(decay);
  const auto done = static_cast<double>(step);
  if (done < up) return peak * (done + 1) / up;
  const double left = static_cast<double>(n_steps) - 1 - done;
  if (left < down) return final + (peak - final) * (left / down);
  return peak;
}

}  // namespace llamba::distill

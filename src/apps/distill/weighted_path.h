#ifndef LLAMBA_APPS_DISTILL_WEIGHTED_PATH_H_
#define LLAMBA_APPS_DISTILL_WEIGHTED_PATH_H_

#include <string>

namespace llamba::distill {

struct WeightedPath {
  std::string path;
  double weight = 1;
};

// "PATH" or "PATH=WEIGHT". Throws Error, which begins with `name`, for a weight
// that is no finite number above 0 and where there is no path.
WeightedPath ParseWeightedPath(const std::string& text,
                               const std::string& name);

}  // namespace llamba::distill

#endif  // LLAMBA_APPS_DISTILL_WEIGHTED_PATH_H_

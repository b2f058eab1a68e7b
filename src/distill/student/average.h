#ifndef LLAMBA_DISTILL_STUDENT_AVERAGE_H_
#define LLAMBA_DISTILL_STUDENT_AVERAGE_H_

#include <string>
#include <vector>

#include "distill/stack.h"

namespace llamba::distill {

struct WeightedStudent {
  std::string path;
  double weight = 1;
};

// The mean of students' parameters, each by its share of all weights, in
// float32 on the CPU: of the ends of runs that followed one another it is often
// better than each (stochastic weight averaging, arXiv 1803.05407). Throws
// Error naming the student whose tensors are not those of the first, and where
// a weight is not above zero.
LayerStack AverageStudents(const std::vector<WeightedStudent>& students);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STUDENT_AVERAGE_H_

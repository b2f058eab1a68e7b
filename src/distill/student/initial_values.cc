#include "distill/student/initial_values.h"

#include <cmath>

namespace llamba::distill {

Tensor UniformRows(int64_t rows, int64_t inputs, at::Generator& generator) {
  const double bound = 1 / std::sqrt(static_cast<double>(inputs));
  return (torch::rand({rows, inputs}, generator, torch::kFloat64) * 2 - 1) *
         bound;
}

Tensor IdentityTaps(int64_t channels, int64_t d_conv) {
  Tensor taps = torch::zeros({channels, d_conv}, torch::kFloat64);
  taps.select(1, d_conv - 1).fill_(1);
  return taps;
}

}  // namespace llamba::distill

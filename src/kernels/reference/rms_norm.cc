#include <cmath>

#include "kernels/reference/reference.h"

namespace llamba::reference {

void RmsNorm(const RmsNormArgs& args, int64_t m_begin, int64_t m_end) {
  for (int64_t m = m_begin; m < m_end; ++m) {
    const float* x = args.x + m * args.x_stride;
    float* y = args.y + m * args.y_stride;
    double squares = 0;
    for (int64_t i = 0; i < args.d; ++i) {
      squares += static_cast<double>(x[i]) * x[i];
    }
    const double scale =
        1 / std::sqrt(squares / static_cast<double>(args.d) + args.eps);
    for (int64_t i = 0; i < args.d; ++i) {
      y[i] = static_cast<float>(x[i] * scale * args.weight[i]);
    }
  }
}

}  // namespace llamba::reference

#include "kernels/reference/reference.h"

namespace llamba::reference {

void Rope(const RopeArgs& args, int64_t m_begin, int64_t m_end) {
  const int64_t half = args.head_dim / 2;
  for (int64_t m = m_begin; m < m_end; ++m) {
    for (int64_t head = 0; head < args.n_heads; ++head) {
      float* x = args.x + m * args.x_stride + head * args.head_dim;
      for (int64_t i = 0; i < half; ++i) {
        const double c = args.cos[m * half + i];
        const double s = args.sin[m * half + i];
        const double a = x[i], b = x[i + half];
        x[i] = static_cast<float>(a * c - b * s);
        x[i + half] = static_cast<float>(b * c + a * s);
      }
    }
  }
}

}  // namespace llamba::reference

#include <cmath>

#include "kernels/reference/reference.h"

namespace llamba::reference {
namespace {

// One token of one head: x and y (P), b and c (N), state (N, P).
void Step(double decay, double d, const float* x, const float* b,
          const float* c, int64_t n_state, int64_t head_dim, float* state,
          float* y) {
  for (int64_t p = 0; p < head_dim; ++p) {
    double sum = 0;
    for (int64_t n = 0; n < n_state; ++n) {
      float& s = state[n * head_dim + p];
      s = static_cast<float>(decay * s + static_cast<double>(b[n]) * x[p]);
      sum += static_cast<double>(c[n]) * s;
    }
    y[p] = static_cast<float>(sum + d * x[p]);
  }
}

}  // namespace

void Scan(const ScanArgs& args, int64_t begin, int64_t end) {
  const int64_t heads_per_group = args.n_v_heads / args.n_qk_heads;
  for (int64_t h = begin; h < end; ++h) {
    const int64_t group = h / heads_per_group;
    float* state = args.state + h * args.d_state * args.head_dim;
    for (int64_t t = 0; t < args.n_tokens; ++t) {
      const double a = args.a_log[t * args.a_log_stride + h];
      Step(1 / (1 + std::exp(a)), args.d[h],
           args.x + t * args.xbc_stride + h * args.head_dim,
           args.b + t * args.xbc_stride + group * args.d_state,
           args.c + t * args.xbc_stride + group * args.d_state, args.d_state,
           args.head_dim, state,
           args.y + t * args.y_stride + h * args.head_dim);
    }
  }
}

}  // namespace llamba::reference

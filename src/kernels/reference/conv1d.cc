#include <cstdint>

#include "kernels/reference/reference.h"

namespace llamba::reference {
namespace {

// Input of channel c, `t` tokens after the first of this call; negative t are
// the remembered ones.
float Input(const Conv1dArgs& args, int64_t t, int64_t c) {
  return t >= 0 ? args.x[t * args.x_stride + c]
                : args.state[(args.d_conv - 1 + t) * args.channels + c];
}

}  // namespace

void Conv1d(const Conv1dArgs& args, int64_t begin, int64_t end) {
  const int64_t past = args.d_conv - 1;
  for (int64_t c = begin; c < end; ++c) {
    for (int64_t t = 0; t < args.n_tokens; ++t) {
      double sum = args.bias != nullptr ? args.bias[c] : 0;
      for (int64_t j = 0; j < args.d_conv; ++j) {
        sum += static_cast<double>(args.weight[j * args.channels + c]) *
               Input(args, t - past + j, c);
      }
      args.y[t * args.y_stride + c] =
          static_cast<float>(Activate(args.activation, sum));
    }
    // Oldest first: what a row takes comes from a later row or from x.
    for (int64_t j = 0; j < past; ++j) {
      args.state[j * args.channels + c] =
          Input(args, args.n_tokens - past + j, c);
    }
  }
}

}  // namespace llamba::reference

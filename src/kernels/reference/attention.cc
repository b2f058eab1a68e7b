#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference/reference.h"

namespace llamba::reference {
namespace {

// The key at a position; the value lies `ValueOffset` floats further.
const float* Key(const AttentionArgs& args, int64_t kv_head, int64_t position) {
  return args.pages[position / args.page_tokens] +
         (kv_head * args.page_tokens + position % args.page_tokens) *
             args.head_dim;
}

int64_t ValueOffset(const AttentionArgs& args) {
  return args.n_kv_heads * args.page_tokens * args.head_dim;
}

// Softmax of the scaled scores of q against positions 0 .. n - 1.
std::vector<double> Weights(const AttentionArgs& args, int64_t kv_head,
                            const float* q, int64_t n) {
  std::vector<double> weights;
  for (int64_t p = 0; p < n; ++p) {
    const float* key = Key(args, kv_head, p);
    double dot = 0;
    for (int64_t i = 0; i < args.head_dim; ++i) {
      dot += static_cast<double>(q[i]) * key[i];
    }
    weights.push_back(dot * args.scale);
  }
  const double largest = *std::max_element(weights.begin(), weights.end());
  double total = 0;
  for (double& w : weights) total += w = std::exp(w - largest);
  for (double& w : weights) w /= total;
  return weights;
}

}  // namespace

void Attention(const AttentionArgs& args, int64_t head, int64_t t_begin,
               int64_t t_end) {
  const int64_t kv_head = head / (args.n_heads / args.n_kv_heads);
  for (int64_t t = t_begin; t < t_end; ++t) {
    const int64_t n = args.first_position + t + 1;
    const std::vector<double> weights = Weights(
        args, kv_head, args.q + t * args.q_stride + head * args.head_dim, n);
    float* y = args.y + t * args.y_stride + head * args.head_dim;
    for (int64_t i = 0; i < args.head_dim; ++i) {
      double sum = 0;
      for (int64_t p = 0; p < n; ++p) {
        sum += weights[static_cast<size_t>(p)] *
               Key(args, kv_head, p)[ValueOffset(args) + i];
      }
      y[i] = static_cast<float>(sum);
    }
  }
}

}  // namespace llamba::reference

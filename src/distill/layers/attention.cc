#include <torch/version.h>

#include <cmath>

#include "distill/layers/layers.h"

namespace llamba::distill {
namespace {

// (B, T, n * P) -> (B, n, T, P).
Tensor SplitHeads(const Tensor& x, int64_t n_heads) {
  return x.reshape({x.size(0), x.size(1), n_heads, -1}).transpose(1, 2);
}

Tensor Rotate(const Tensor& x, const Rotary& rotary) {
  const auto halves = x.chunk(2, 3);
  return torch::cat({halves[0] * rotary.cos - halves[1] * rotary.sin,
                     halves[1] * rotary.cos + halves[0] * rotary.sin},
                    3);
}

struct Heads {
  Tensor q, k;  // (B, H, T, P), rotated, key heads repeated to match
};

Heads QueriesAndKeys(const Tensor& u, const LayerParameters& p,
                     const AttentionConfig& config, const Rotary& rotary) {
  const Tensor q =
      Linear(u, p(TensorRole::kAttnQ), p.Optional(TensorRole::kAttnQBias));
  const Tensor k =
      Linear(u, p(TensorRole::kAttnK), p.Optional(TensorRole::kAttnKBias));
  return {Rotate(SplitHeads(q, config.n_heads), rotary),
          Rotate(SplitHeads(k, config.n_kv_heads), rotary)
              .repeat_interleave(config.n_heads / config.n_kv_heads, 1)};
}

Tensor SoftmaxWeights(const Heads& heads, const Tensor& mask,
                      torch::ScalarType type) {
  const double scale = 1 / std::sqrt(static_cast<double>(heads.q.size(3)));
  const Tensor scores =
      torch::matmul(heads.q, heads.k.transpose(2, 3)).to(type) * scale;
  return scores.masked_fill(mask.unsqueeze(1).logical_not(), -INFINITY)
      .softmax(3);
}

Tensor Attend(const Heads& heads, const Tensor& v, const Tensor& mask) {
#if TORCH_VERSION_MAJOR >= 2
  if (heads.q.is_cuda()) {
    return at::scaled_dot_product_attention(heads.q, heads.k, v,
                                            mask.unsqueeze(1));
  }
#endif
  const Tensor weights = SoftmaxWeights(heads, mask, AccumulateType(heads.q));
  return torch::matmul(weights.to(v.scalar_type()), v);
}

}  // namespace

Rotary MakeRotary(const AttentionConfig& config, int64_t n_tokens,
                  const torch::TensorOptions& options) {
  const std::vector<double> frequencies = config.RopeFrequencies();
  const Tensor angles =
      torch::outer(torch::arange(n_tokens, torch::kFloat64),
                   torch::tensor(frequencies, torch::kFloat64));
  return {angles.cos().to(options), angles.sin().to(options)};
}

Tensor AttentionMixer(const Tensor& u, const LayerParameters& p,
                      const AttentionConfig& config, const Rotary& rotary,
                      const Tensor& mask) {
  const Heads heads = QueriesAndKeys(u, p, config, rotary);
  const Tensor v = SplitHeads(
      Linear(u, p(TensorRole::kAttnV), p.Optional(TensorRole::kAttnVBias)),
      config.n_kv_heads);
  const Tensor repeated =
      v.repeat_interleave(config.n_heads / config.n_kv_heads, 1);
  const Tensor mixed = Attend(heads, repeated, mask).transpose(1, 2).flatten(2);
  return Linear(mixed, p(TensorRole::kAttnO),
                p.Optional(TensorRole::kAttnOBias));
}

Tensor AttentionMatrix(const Tensor& u, const LayerParameters& p,
                       const AttentionConfig& config, const Rotary& rotary,
                       const Tensor& mask) {
  return SoftmaxWeights(QueriesAndKeys(u, p, config, rotary), mask,
                        AccumulateType(u));
}

}  // namespace llamba::distill

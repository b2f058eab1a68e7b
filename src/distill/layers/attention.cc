#include <torch/version.h>

#include <cmath>

#include "distill/kernels/fused.h"
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

struct Queries {
  Tensor q, k;  // (B, T, n P) as projected
};

Queries Project(const Tensor& u, const LayerParameters& p) {
  return {Linear(u, p(TensorRole::kAttnQ), p.Optional(TensorRole::kAttnQBias)),
          Linear(u, p(TensorRole::kAttnK), p.Optional(TensorRole::kAttnKBias))};
}

AttentionHeads ToHeads(const Queries& projected, const AttentionConfig& config,
                       const Rotary& rotary) {
  return {Rotate(SplitHeads(projected.q, config.n_heads), rotary),
          Rotate(SplitHeads(projected.k, config.n_kv_heads), rotary)
              .repeat_interleave(config.n_heads / config.n_kv_heads, 1)};
}

Tensor SoftmaxWeights(const AttentionHeads& heads, const Tensor& mask,
                      torch::ScalarType type) {
  const double scale = 1 / std::sqrt(static_cast<double>(heads.q.size(3)));
  const Tensor scores =
      torch::matmul(heads.q, heads.k.transpose(2, 3)).to(type) * scale;
  return scores.masked_fill(mask.unsqueeze(1).logical_not(), -INFINITY)
      .softmax(3);
}

Tensor Attend(const AttentionHeads& heads, const Tensor& v,
              const Tensor& mask) {
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
                      const Tensor& mask, const Tensor& starts) {
  const Queries projected = Project(u, p);
  const Tensor v =
      Linear(u, p(TensorRole::kAttnV), p.Optional(TensorRole::kAttnVBias));
  Tensor mixed;
  if constexpr (kCudaKernels) {
    mixed = TryAttention(projected.q, projected.k, v, config, rotary.cos,
                         rotary.sin, starts);
  }
  if (!mixed.defined()) {
    const Tensor repeated =
        SplitHeads(v, config.n_kv_heads)
            .repeat_interleave(config.n_heads / config.n_kv_heads, 1);
    mixed = Attend(ToHeads(projected, config, rotary), repeated, mask)
                .transpose(1, 2)
                .flatten(2);
  }
  return Linear(mixed, p(TensorRole::kAttnO),
                p.Optional(TensorRole::kAttnOBias));
}

AttentionHeads RotatedHeads(const Tensor& u, const LayerParameters& p,
                            const AttentionConfig& config,
                            const Rotary& rotary) {
  return ToHeads(Project(u, p), config, rotary);
}

Tensor AttentionMatrix(const Tensor& u, const LayerParameters& p,
                       const AttentionConfig& config, const Rotary& rotary,
                       const Tensor& mask) {
  return SoftmaxWeights(RotatedHeads(u, p, config, rotary), mask,
                        AccumulateType(u));
}

}  // namespace llamba::distill

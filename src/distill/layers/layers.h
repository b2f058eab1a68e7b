#ifndef LLAMBA_DISTILL_LAYERS_LAYERS_H_
#define LLAMBA_DISTILL_LAYERS_LAYERS_H_

#include "distill/layers/scan.h"
#include "distill/tensors.h"
#include "model/config.h"

// The parts of a block as differentiable functions of tensors; parameters come
// in by reference and are never changed. Activations have the parameters' type
// (bfloat16 on a GPU, float32 on a CPU, double in tests); norms and the
// recurrence compute in float32 or wider.
namespace llamba::distill {

// float32, or double where `tensor` is double.
torch::ScalarType AccumulateType(const Tensor& tensor);

// x / sqrt(mean(x^2) + eps) * weight over the last dimension.
Tensor RmsNorm(const Tensor& x, const Tensor& weight, double eps);

Tensor Activate(Activation activation, const Tensor& x);

// The parameters of one layer, by role.
class LayerParameters {
 public:
  LayerParameters(const ParameterMap& parameters, int layer)
      : parameters_(parameters), layer_(layer) {}
  const Tensor& operator()(TensorRole role) const;
  // Undefined tensor where the model has none.
  Tensor Optional(TensorRole role) const;

 private:
  const ParameterMap& parameters_;
  int layer_;
};

// x (B, T, in) by weight (out, in), with an optional bias.
Tensor Linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

// down(act(gate x) * up x) (SPEC 2).
Tensor Mlp(const Tensor& x, const LayerParameters& p, const MlpConfig& config);

// Discrete Mamba-2 (SPEC 2, "The mixer").
Tensor Mamba2Mixer(const Tensor& u, const LayerParameters& p,
                   const SsmConfig& config, const Tensor& segments);

// What its mixing matrix is made of: b, c, log_decay and segments, computed
// without x and z.
ScanInputs Mamba2MatrixInputs(const Tensor& u, const LayerParameters& p,
                              const SsmConfig& config, const Tensor& segments);

// Its mixing matrix with D on the diagonal, (B, H, T, T) (SPEC 2, "The mixing
// matrix").
Tensor Mamba2Matrix(const Tensor& u, const LayerParameters& p,
                    const SsmConfig& config, const Tensor& segments);

// cos and sin of the rotary angles, each (T, head_dim / 2).
struct Rotary {
  Tensor cos, sin;
};
Rotary MakeRotary(const AttentionConfig& config, int64_t n_tokens,
                  const torch::TensorOptions& options);

// Causal grouped-query attention with rotary embeddings, kept within documents.
// `mask` is CausalDocumentMask(segments); `starts`, where it is given,
// DocumentStarts of the same, with which a GPU need not read the mask.
Tensor AttentionMixer(const Tensor& u, const LayerParameters& p,
                      const AttentionConfig& config, const Rotary& rotary,
                      const Tensor& mask, const Tensor& starts = {});

// Its queries and keys, rotated, key heads repeated to match: (B, H, T, P).
struct AttentionHeads {
  Tensor q, k;
};
AttentionHeads RotatedHeads(const Tensor& u, const LayerParameters& p,
                            const AttentionConfig& config,
                            const Rotary& rotary);

// Its softmax weights (B, H, T, T), in float32 or wider.
Tensor AttentionMatrix(const Tensor& u, const LayerParameters& p,
                       const AttentionConfig& config, const Rotary& rotary,
                       const Tensor& mask);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_LAYERS_LAYERS_H_

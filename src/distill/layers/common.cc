#include "base/error.h"
#include "distill/kernels/fused.h"
#include "distill/layers/layers.h"

namespace llamba::distill {

torch::ScalarType AccumulateType(const Tensor& tensor) {
  return tensor.scalar_type() == torch::kFloat64 ? torch::kFloat64
                                                 : torch::kFloat32;
}

Tensor RmsNorm(const Tensor& x, const Tensor& weight, double eps) {
  if constexpr (kCudaKernels) {
    const Tensor y = TryRmsNorm(x, weight, eps);
    if (y.defined()) return y;
  }
  const Tensor wide = x.to(AccumulateType(x));
  const Tensor scale = torch::rsqrt(wide.square().mean(-1, true) + eps);
  return (wide * scale * weight.to(wide.scalar_type())).to(x.scalar_type());
}

Tensor Activate(Activation activation, const Tensor& x) {
  switch (activation) {
    case Activation::kIdentity:
      return x;
    case Activation::kSilu:
      return at::silu(x);
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kRelu:
      return at::relu(x);
  }
  LLAMBA_ASSERT(false && "unknown activation");
  return x;
}

const Tensor& LayerParameters::operator()(TensorRole role) const {
  const auto it = parameters_.find(TensorId{role, layer_});
  LLAMBA_ASSERT(it != parameters_.end());
  return it->second;
}

Tensor LayerParameters::Optional(TensorRole role) const {
  const auto it = parameters_.find(TensorId{role, layer_});
  return it == parameters_.end() ? Tensor() : it->second;
}

Tensor Linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Tensor y = torch::matmul(x, weight.t());
  return bias.defined() ? y + bias : y;
}

Tensor Mlp(const Tensor& x, const LayerParameters& p, const MlpConfig& config) {
  const Tensor gate =
      Linear(x, p(TensorRole::kMlpGate), p.Optional(TensorRole::kMlpGateBias));
  const Tensor up =
      Linear(x, p(TensorRole::kMlpUp), p.Optional(TensorRole::kMlpUpBias));
  Tensor gated;
  if constexpr (kCudaKernels) gated = TrySwiglu(gate, up, config.activation);
  if (!gated.defined()) gated = Activate(config.activation, gate) * up;
  return Linear(gated, p(TensorRole::kMlpDown),
                p.Optional(TensorRole::kMlpDownBias));
}

}  // namespace llamba::distill

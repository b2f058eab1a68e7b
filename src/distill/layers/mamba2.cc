#include "distill/layers/layers.h"

namespace llamba::distill {
namespace {

// The depthwise causal convolution over xBC (B, T, channels), each tap a
// shifted product: d_conv is small, and a tap must not reach into an earlier
// document.
Tensor CausalConv(const Tensor& x, const Tensor& weight, const Tensor& bias,
                  const Tensor& segments) {
  const int64_t t = x.size(1);
  const int64_t d_conv = weight.size(-1);
  const Tensor taps = weight.reshape({-1, d_conv});
  Tensor y = x * taps.select(1, d_conv - 1);
  for (int64_t back = 1; back < d_conv && back < t; ++back) {
    const Tensor same =
        segments.slice(1, back, t) == segments.slice(1, 0, t - back);
    const Tensor earlier =
        torch::where(same.unsqueeze(2), x.slice(1, 0, t - back),
                     torch::zeros({}, x.options()));
    y = y + torch::constant_pad_nd(earlier * taps.select(1, d_conv - 1 - back),
                                   {0, 0, back, 0});
  }
  return bias.defined() ? y + bias : y;
}

// in_proj, convolution and activation: what the recurrence reads, and z.
struct Projected {
  ScanInputs scan;
  Tensor z;  // (B, T, d_inner)
};

Projected Project(const Tensor& u, const LayerParameters& p,
                  const SsmConfig& config, const Tensor& segments) {
  const Tensor all =
      Linear(u, p(TensorRole::kSsmIn), p.Optional(TensorRole::kSsmInBias));
  const auto parts = all.split_with_sizes(
      {config.conv_channels(), config.d_inner, config.n_v_heads}, 2);
  const Tensor convolved =
      Activate(config.activation,
               CausalConv(parts[0], p(TensorRole::kSsmConv),
                          p.Optional(TensorRole::kSsmConvBias), segments));
  const int64_t bc = config.n_qk_heads * config.d_state;
  const auto xbc = convolved.split_with_sizes({config.d_inner, bc, bc}, 2);
  const auto heads = [](const Tensor& tensor, int64_t n, int64_t size) {
    return tensor.unflatten(2, torch::IntArrayRef({n, size}));
  };
  Projected out;
  out.scan.x = heads(xbc[0], config.n_v_heads, config.head_dim());
  out.scan.b = heads(xbc[1], config.n_qk_heads, config.d_state);
  out.scan.c = heads(xbc[2], config.n_qk_heads, config.d_state);
  out.scan.log_decay = at::log_sigmoid(-parts[2].to(AccumulateType(u)));
  out.scan.segments = segments;
  out.z = parts[1];
  return out;
}

}  // namespace

Tensor Mamba2Mixer(const Tensor& u, const LayerParameters& p,
                   const SsmConfig& config, const Tensor& segments) {
  const Projected in = Project(u, p, config, segments);
  const Tensor skip = in.scan.x * p(TensorRole::kSsmD).unsqueeze(1);
  const Tensor y = (ChunkedScan(in.scan) + skip).flatten(2);
  const Tensor z_bias = p.Optional(TensorRole::kSsmZBias);
  const Tensor gate = at::silu(z_bias.defined() ? in.z + z_bias : in.z);
  return Linear(y * gate, p(TensorRole::kSsmOut),
                p.Optional(TensorRole::kSsmOutBias));
}

Tensor Mamba2Matrix(const Tensor& u, const LayerParameters& p,
                    const SsmConfig& config, const Tensor& segments) {
  const Projected in = Project(u, p, config, segments);
  const Tensor matrix = ScanMatrix(in.scan);
  const Tensor d = p(TensorRole::kSsmD).to(matrix.scalar_type());
  return matrix + torch::diag_embed(d.unsqueeze(1).expand({-1, u.size(1)}));
}

}  // namespace llamba::distill

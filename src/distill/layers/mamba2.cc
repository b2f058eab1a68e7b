#include "distill/kernels/fused.h"
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

// Of channels [begin, end) of the convolution, which x holds.
Tensor ActivatedConv(const Tensor& x, const LayerParameters& p, int64_t begin,
                     int64_t end, Activation activation,
                     const Tensor& segments) {
  const Tensor weight = p(TensorRole::kSsmConv).slice(0, begin, end);
  Tensor bias = p.Optional(TensorRole::kSsmConvBias);
  if (bias.defined()) bias = bias.slice(0, begin, end);
  if constexpr (kCudaKernels) {
    const Tensor y = TryConv(x, weight, bias, segments, activation);
    if (y.defined()) return y;
  }
  return Activate(activation, CausalConv(x, weight, bias, segments));
}

// u through `weight`, in parts of `sizes` columns. On a GPU zeros follow to a
// multiple of 8, so that rows stay aligned for matrix units and vector loads.
std::vector<Tensor> SplitLinear(const Tensor& u, Tensor weight, Tensor bias,
                                std::vector<int64_t> sizes) {
  const int64_t pad = u.is_cuda() ? (8 - weight.size(0) % 8) % 8 : 0;
  if (pad != 0) {
    sizes.push_back(pad);
    weight = torch::constant_pad_nd(weight, {0, 0, 0, pad});
    if (bias.defined()) bias = torch::constant_pad_nd(bias, {0, pad});
  }
  return Linear(u, weight, bias).split_with_sizes(sizes, 2);
}

Tensor Heads(const Tensor& tensor, int64_t n, int64_t size) {
  return tensor.unflatten(2, torch::IntArrayRef({n, size}));
}

Tensor LogDecay(const Tensor& a_log) {
  return at::log_sigmoid(-a_log.to(AccumulateType(a_log)));
}

// in_proj, convolution and activation: what the recurrence reads, and z.
struct Projected {
  ScanInputs scan;
  Tensor xbc;  // (B, T, conv_channels): x, B and C of `scan` side by side
  Tensor z;    // (B, T, d_inner)
};

Projected Project(const Tensor& u, const LayerParameters& p,
                  const SsmConfig& config, const Tensor& segments) {
  const auto parts =
      SplitLinear(u, p(TensorRole::kSsmIn), p.Optional(TensorRole::kSsmInBias),
                  {config.conv_channels(), config.d_inner, config.n_v_heads});
  const Tensor convolved = ActivatedConv(parts[0], p, 0, config.conv_channels(),
                                         config.activation, segments);
  const int64_t bc = config.n_qk_heads * config.d_state;
  const auto xbc = convolved.split_with_sizes({config.d_inner, bc, bc}, 2);
  Projected out;
  out.scan.x = Heads(xbc[0], config.n_v_heads, config.head_dim());
  out.scan.b = Heads(xbc[1], config.n_qk_heads, config.d_state);
  out.scan.c = Heads(xbc[2], config.n_qk_heads, config.d_state);
  out.scan.log_decay = LogDecay(parts[2]);
  out.scan.segments = segments;
  out.xbc = convolved;
  out.z = parts[1];
  return out;
}

// The recurrence and its skip, (B, T, d_inner).
Tensor ScanAndSkip(const Projected& in, const Tensor& d,
                   const SsmConfig& config) {
  if constexpr (kCudaKernels) {
    const Tensor y =
        TryScan(in.xbc, in.scan.log_decay, d, in.scan.segments, config);
    if (y.defined()) return y;
  }
  return (ChunkedScan(in.scan) + in.scan.x * d.unsqueeze(1)).flatten(2);
}

Tensor Gated(const Tensor& y, const Tensor& z, const Tensor& z_bias) {
  if constexpr (kCudaKernels) {
    const Tensor gated = TryGate(y, z, z_bias);
    if (gated.defined()) return gated;
  }
  return y * at::silu(z_bias.defined() ? z + z_bias : z);
}

}  // namespace

Tensor Mamba2Mixer(const Tensor& u, const LayerParameters& p,
                   const SsmConfig& config, const Tensor& segments) {
  const Projected in = Project(u, p, config, segments);
  const Tensor y = ScanAndSkip(in, p(TensorRole::kSsmD), config);
  return Linear(Gated(y, in.z, p.Optional(TensorRole::kSsmZBias)),
                p(TensorRole::kSsmOut), p.Optional(TensorRole::kSsmOutBias));
}

ScanInputs Mamba2MatrixInputs(const Tensor& u, const LayerParameters& p,
                              const SsmConfig& config, const Tensor& segments) {
  const int64_t bc = config.n_qk_heads * config.d_state;
  const int64_t conv = config.conv_channels();
  // Rows of B, C and A_log.
  const auto rows = [&](const Tensor& all) {
    if (!all.defined()) return all;
    return torch::cat({all.slice(0, config.d_inner, conv),
                       all.slice(0, conv + config.d_inner, all.size(0))});
  };
  const auto parts = SplitLinear(u, rows(p(TensorRole::kSsmIn)),
                                 rows(p.Optional(TensorRole::kSsmInBias)),
                                 {2 * bc, config.n_v_heads});
  const Tensor convolved = ActivatedConv(parts[0], p, config.d_inner, conv,
                                         config.activation, segments);
  ScanInputs out;
  out.b = Heads(convolved.slice(2, 0, bc), config.n_qk_heads, config.d_state);
  out.c =
      Heads(convolved.slice(2, bc, 2 * bc), config.n_qk_heads, config.d_state);
  out.log_decay = LogDecay(parts[1]);
  out.segments = segments;
  return out;
}

Tensor Mamba2Matrix(const Tensor& u, const LayerParameters& p,
                    const SsmConfig& config, const Tensor& segments) {
  const Tensor matrix = ScanMatrix(Mamba2MatrixInputs(u, p, config, segments));
  const Tensor d = p(TensorRole::kSsmD).to(matrix.scalar_type());
  return matrix + torch::diag_embed(d.unsqueeze(1).expand({-1, u.size(1)}));
}

}  // namespace llamba::distill

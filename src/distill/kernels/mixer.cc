#include <torch/csrc/autograd/custom_function.h>

#include "distill/kernels/support.h"

namespace llamba::distill {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

cuda::ConvShape ConvShapeOf(const Tensor& x, const Tensor& weight, bool silu) {
  return {x.size(0), x.size(1), x.size(2), static_cast<int>(weight.size(-1)),
          silu};
}

class ConvFunction : public torch::autograd::Function<ConvFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x,
                        const Tensor& weight,
                        const std::optional<Tensor>& maybe_bias,
                        const Tensor& segments, bool silu) {
    const Tensor bias = maybe_bias.value_or(Tensor());
    Tensor y = torch::empty(x.sizes(), x.options());
    CheckLaunch(cuda::ConvForward(RowsOf(x), weight.data_ptr(), Data(bias),
                                  segments.data_ptr<int32_t>(), y.data_ptr(),
                                  ConvShapeOf(x, weight, silu), StorageOf(x),
                                  CurrentStream()),
                "conv");
    context->save_for_backward({x, weight, bias, segments});
    context->saved_data["silu"] = silu;
    return y;
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    const Tensor dy = gradients[0].contiguous();
    const cuda::ConvShape shape =
        ConvShapeOf(x, weight, context->saved_data["silu"].toBool());
    const int64_t d_conv = shape.d_conv;
    Tensor dx = torch::empty(x.sizes(), x.options());
    Tensor parts =
        torch::empty({cuda::ConvParts(shape), shape.channels, d_conv + 1},
                     x.options().dtype(torch::kFloat32));
    CheckLaunch(cuda::ConvBackward(RowsOf(x), weight.data_ptr(), Data(bias),
                                   saved[3].data_ptr<int32_t>(), dy.data_ptr(),
                                   dx.data_ptr(), parts.data_ptr<float>(),
                                   shape, StorageOf(x), CurrentStream()),
                "conv, backward");
    Tensor sums = torch::empty({shape.channels, d_conv + 1}, x.options());
    CheckLaunch(
        cuda::SumParts(parts.data_ptr<float>(), parts.size(0), sums.numel(),
                       sums.data_ptr(), StorageOf(sums), CurrentStream()),
        "conv, weight");
    return {dx, sums.slice(1, 0, d_conv).reshape(weight.sizes()),
            bias.defined() ? sums.select(1, d_conv) : Tensor(), Tensor(),
            Tensor()};
  }
};

cuda::ScanShape ScanShapeOf(const Tensor& xbc, int64_t heads, int64_t groups,
                            int64_t head_dim) {
  const int64_t state = (xbc.size(2) - heads * head_dim) / (2 * groups);
  return {xbc.size(0),
          xbc.size(1),
          static_cast<int>(heads),
          static_cast<int>(groups),
          static_cast<int>(head_dim),
          static_cast<int>(state)};
}

// Where the gradients of B and C of each head go: in place where each head has
// its own, else into tensors of which a group's heads are then summed.
class GroupGradients {
 public:
  GroupGradients(const Tensor& d_xbc, const cuda::ScanShape& shape)
      : shape_(shape) {
    const int64_t inner = int64_t{shape.heads} * shape.head_dim;
    const int64_t width = int64_t{shape.groups} * shape.d_state;
    for (int i = 0; i < 2; ++i) {
      target_[i] = d_xbc.slice(2, inner + i * width, inner + (i + 1) * width);
      heads_[i] = shape.heads == shape.groups
                      ? target_[i]
                      : torch::empty({shape.batch, shape.n_tokens,
                                      int64_t{shape.heads} * shape.d_state},
                                     d_xbc.options());
    }
  }

  cuda::Rows HeadsOf(int i) {
    return {heads_[i].data_ptr(), heads_[i].stride(1)};
  }

  void Sum() {
    if (shape_.heads == shape_.groups) return;
    const int64_t b = shape_.batch, t = shape_.n_tokens, g = shape_.groups,
                  n = shape_.d_state;
    for (int i = 0; i < 2; ++i) {
      target_[i].copy_(
          heads_[i].view({b, t, g, shape_.heads / g, n}).sum(3).flatten(2));
    }
  }

 private:
  const cuda::ScanShape shape_;
  Tensor target_[2], heads_[2];
};

class FusedScanFunction : public torch::autograd::Function<FusedScanFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& xbc,
                        const Tensor& log_decay, const Tensor& d,
                        const Tensor& segments, int64_t heads, int64_t groups,
                        int64_t head_dim) {
    const cuda::ScanShape shape = ScanShapeOf(xbc, heads, groups, head_dim);
    const int64_t n_chunks =
        (shape.n_tokens + cuda::kScanChunk - 1) / cuda::kScanChunk;
    Tensor y = torch::empty({shape.batch, shape.n_tokens, heads * head_dim},
                            xbc.options());
    Tensor states = torch::empty(
        {shape.batch, heads, n_chunks, shape.d_state, head_dim}, y.options());
    CheckLaunch(cuda::ScanForward(xbc.data_ptr(), log_decay.data_ptr<float>(),
                                  d.data_ptr(), segments.data_ptr<int32_t>(),
                                  y.data_ptr(), states.data_ptr(), shape,
                                  CurrentStream()),
                "scan");
    context->save_for_backward({xbc, log_decay, d, segments, states});
    context->saved_data["groups"] = groups;
    context->saved_data["head_dim"] = head_dim;
    return y;
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &xbc = saved[0], &log_decay = saved[1], &d = saved[2];
    const Tensor dy = gradients[0].contiguous();
    const cuda::ScanShape shape = ScanShapeOf(
        xbc, log_decay.size(2), context->saved_data["groups"].toInt(),
        context->saved_data["head_dim"].toInt());
    Tensor d_xbc = torch::empty_like(xbc);
    Tensor d_log = torch::empty_like(log_decay);
    Tensor d_skip =
        torch::empty({shape.batch, shape.heads}, log_decay.options());
    GroupGradients groups(d_xbc, shape);
    CheckLaunch(
        cuda::ScanBackward(
            xbc.data_ptr(), log_decay.data_ptr<float>(), d.data_ptr(),
            saved[3].data_ptr<int32_t>(), saved[4].data_ptr(), dy.data_ptr(),
            {d_xbc.data_ptr(), d_xbc.stride(1)}, groups.HeadsOf(0),
            groups.HeadsOf(1), d_log.data_ptr<float>(),
            d_skip.data_ptr<float>(), shape, CurrentStream()),
        "scan, backward");
    groups.Sum();
    return {d_xbc,    d_log,    d_skip.sum(0).to(d.scalar_type()),
            Tensor(), Tensor(), Tensor(),
            Tensor()};
  }
};

}  // namespace

Tensor TryConv(const Tensor& x, const Tensor& weight, const Tensor& bias,
               const Tensor& segments, Activation activation) {
  const int64_t d_conv = weight.size(-1);
  const bool silu = activation == Activation::kSilu;
  if (!UseKernel(Kernel::kConv, x) || !IsRows(x) || !weight.is_contiguous() ||
      !Alike(x, {weight, bias}) || d_conv < 2 || d_conv > cuda::kMaxConv ||
      !AreSegments(segments, x) ||
      (!silu && activation != Activation::kIdentity)) {
    return {};
  }
  return ConvFunction::apply(x, weight, AsOptional(Aligned(bias)), segments,
                             silu);
}

Tensor TryScan(const Tensor& xbc, const Tensor& log_decay, const Tensor& d,
               const Tensor& segments, const SsmConfig& config) {
  if (!UseKernel(Kernel::kScan, xbc) || !Alike(xbc, {d}) ||
      xbc.scalar_type() != torch::kBFloat16 || !xbc.is_contiguous() ||
      !IsRows(xbc, 8) || !AreSegments(segments, xbc) ||
      log_decay.scalar_type() != torch::kFloat32 ||
      !HasHeadKernels(config.head_dim(), config.d_state)) {
    return {};
  }
  return FusedScanFunction::apply(xbc, log_decay.contiguous(), d.contiguous(),
                                  segments, config.n_v_heads, config.n_qk_heads,
                                  config.head_dim());
}

}  // namespace llamba::distill

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "distill/kernels/support.h"

namespace llamba::distill {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

cuda::NormShape ShapeOf(const Tensor& x) {
  return {x.numel() / x.size(-1), x.size(-1)};
}

// Sums (n_parts, columns) float32 into a tensor like `like`.
Tensor SumParts(const Tensor& parts, const Tensor& like) {
  Tensor sum = torch::empty_like(like);
  CheckLaunch(
      cuda::SumParts(parts.data_ptr<float>(), parts.size(0), like.numel(),
                     sum.data_ptr(), StorageOf(like), CurrentStream()),
      "sum of parts");
  return sum;
}

class NormFunction : public torch::autograd::Function<NormFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x,
                        const Tensor& weight, double eps) {
    const cuda::NormShape shape = ShapeOf(x);
    Tensor y = torch::empty_like(x);
    Tensor rstd =
        torch::empty({shape.n_rows}, x.options().dtype(torch::kFloat32));
    CheckLaunch(cuda::RmsNormForward(x.data_ptr(), weight.data_ptr(),
                                     y.data_ptr(), rstd.data_ptr<float>(),
                                     shape, static_cast<float>(eps),
                                     StorageOf(x), CurrentStream()),
                "norm");
    context->save_for_backward({x, weight, rstd});
    return y;
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &rstd = saved[2];
    const Tensor dy = gradients[0].contiguous();
    const cuda::NormShape shape = ShapeOf(x);
    Tensor dx = torch::empty_like(x), dw;
    CheckLaunch(
        cuda::RmsNormBackward(x.data_ptr(), weight.data_ptr(), dy.data_ptr(),
                              rstd.data_ptr<float>(), dx.data_ptr(), shape,
                              StorageOf(x), CurrentStream()),
        "norm, backward");
    if (weight.requires_grad()) {
      const int64_t n_parts = std::clamp<int64_t>(shape.n_rows / 32, 1, 128);
      Tensor parts = torch::empty({n_parts, shape.d}, rstd.options());
      CheckLaunch(cuda::RmsNormWeightParts(
                      x.data_ptr(), dy.data_ptr(), rstd.data_ptr<float>(),
                      parts.data_ptr<float>(), n_parts, shape, StorageOf(x),
                      CurrentStream()),
                  "norm, weight");
      dw = SumParts(parts, weight);
    }
    return {dx, dw, Tensor()};
  }
};

class GateFunction : public torch::autograd::Function<GateFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& y,
                        const Tensor& z,
                        const std::optional<Tensor>& maybe_bias) {
    const Tensor z_bias = maybe_bias.value_or(Tensor());
    Tensor out = torch::empty_like(y);
    CheckLaunch(
        cuda::GateForward(y.data_ptr(), RowsOf(z), Data(z_bias), out.data_ptr(),
                          ShapeOf(y), StorageOf(y), CurrentStream()),
        "gate");
    context->save_for_backward({y, z, z_bias});
    return out;
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &y = saved[0], &z = saved[1], &z_bias = saved[2];
    const Tensor dout = gradients[0].contiguous();
    const cuda::NormShape shape = ShapeOf(y);
    Tensor dy = torch::empty_like(y), dz = torch::empty_like(y), parts;
    if (z_bias.defined()) {
      parts = torch::empty({cuda::GateParts(shape.n_rows), shape.d},
                           y.options().dtype(torch::kFloat32));
    }
    CheckLaunch(
        cuda::GateBackward(y.data_ptr(), RowsOf(z), Data(z_bias),
                           dout.data_ptr(), dy.data_ptr(), dz.data_ptr(),
                           static_cast<float*>(MutableData(parts)), shape,
                           StorageOf(y), CurrentStream()),
        "gate, backward");
    return {dy, dz, parts.defined() ? SumParts(parts, z_bias) : Tensor()};
  }
};

class SwigluFunction : public torch::autograd::Function<SwigluFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& gate,
                        const Tensor& up) {
    Tensor out = torch::empty_like(gate);
    CheckLaunch(
        cuda::SwigluForward(gate.data_ptr(), up.data_ptr(), out.data_ptr(),
                            gate.numel(), StorageOf(gate), CurrentStream()),
        "swiglu");
    context->save_for_backward({gate, up});
    return out;
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &gate = saved[0], &up = saved[1];
    const Tensor dout = gradients[0].contiguous();
    Tensor dgate = torch::empty_like(gate), dup = torch::empty_like(up);
    CheckLaunch(
        cuda::SwigluBackward(gate.data_ptr(), up.data_ptr(), dout.data_ptr(),
                             dgate.data_ptr(), dup.data_ptr(), gate.numel(),
                             StorageOf(gate), CurrentStream()),
        "swiglu, backward");
    return {dgate, dup};
  }
};

}  // namespace

Tensor TryRmsNorm(const Tensor& x, const Tensor& weight, double eps) {
  if (!UseKernel(Kernel::kNorm, x) || !x.is_contiguous() || !IsRows(x) ||
      !weight.is_contiguous() || !Alike(x, {weight})) {
    return {};
  }
  return NormFunction::apply(x, Aligned(weight), eps);
}

Tensor TryGate(const Tensor& y, const Tensor& z, const Tensor& z_bias) {
  if (!UseKernel(Kernel::kGate, y) || !y.is_contiguous() || !IsRows(y) ||
      !IsRows(z) || !Alike(y, {z, z_bias})) {
    return {};
  }
  return GateFunction::apply(y, z, AsOptional(Aligned(z_bias)));
}

Tensor TrySwiglu(const Tensor& gate, const Tensor& up, Activation activation) {
  if (activation != Activation::kSilu || !UseKernel(Kernel::kSwiglu, gate) ||
      !gate.is_contiguous() || !up.is_contiguous() || !IsRows(gate) ||
      !IsRows(up) || !Alike(gate, {up})) {
    return {};
  }
  return SwigluFunction::apply(gate, up);
}

}  // namespace llamba::distill

#include "distill/stages/linear_cross_entropy.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "distill/kernels/fused.h"
#include "distill/layers/layers.h"

namespace llamba::distill {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Tensor Logits(const Tensor& hidden, const Tensor& weight, const Tensor& bias,
              torch::ScalarType type) {
  Tensor logits = torch::matmul(hidden, weight.t()).to(type);
  if (bias.defined()) logits += bias;
  return logits;
}

// Rows of both models' logits to the gradient of the student's, by one kernel;
// adds to sums {loss, teacher's entropy, agreed}. Undefined where there is
// none.
Tensor FusedGradient(const HeadInputs& student, const HeadInputs& teacher,
                     double temperature, double scale, Tensor& sums) {
  if constexpr (kCudaKernels) {
    if (student.bias.defined() || teacher.bias.defined() ||
        !UseKernel(Kernel::kCrossEntropy, student.hidden)) {
      return {};
    }
    const Tensor logits = torch::matmul(student.hidden, student.weight.t());
    const Tensor rows = torch::empty({logits.size(0), 3}, sums.options());
    if (TryCrossEntropyRows(torch::matmul(teacher.hidden, teacher.weight.t()),
                            logits, rows, temperature, scale)) {
      sums += rows.sum(0);
      return logits;
    }
  }
  return {};
}

// The same by libtorch's operations, in `sums`' type.
Tensor Gradient(const HeadInputs& student, const HeadInputs& teacher,
                double temperature, double scale, Tensor& sums) {
  const auto log_probabilities = [&](const HeadInputs& head) {
    return at::log_softmax(
        Logits(head.hidden, head.weight, head.bias, sums.scalar_type()) /
            temperature,
        1);
  };
  const Tensor target_log = log_probabilities(teacher);
  const Tensor student_log = log_probabilities(student);
  const Tensor target = target_log.exp();
  sums += torch::stack(
      {-(target * student_log).sum(),
       -(target * target_log.clamp_min(-1e30)).sum(),
       (target_log.argmax(1) == student_log.argmax(1)).sum().to(sums)});
  return student_log.exp().sub_(target).mul_(scale);
}

class LinearCrossEntropyFunction
    : public torch::autograd::Function<LinearCrossEntropyFunction> {
 public:
  // Returns {loss, kl, top1}; only the loss has a gradient. A function's inputs
  // must be defined: `maybe_bias` without elements is none.
  static variable_list forward(AutogradContext* context, const Tensor& hidden,
                               const Tensor& weight, const Tensor& maybe_bias,
                               const HeadInputs* teacher, double temperature,
                               int64_t rows) {
    const auto type = AccumulateType(hidden);
    const Tensor bias = maybe_bias.numel() == 0 ? Tensor() : maybe_bias;
    const auto wide = hidden.options().dtype(type).requires_grad(false);
    const int64_t m = hidden.size(0);
    Tensor sums = torch::zeros({3}, wide);
    Tensor d_hidden = torch::empty_like(hidden);
    Tensor d_weight = torch::zeros(weight.sizes(), wide);
    Tensor d_bias = torch::zeros(maybe_bias.sizes(), wide);

    const double scale = 1 / (temperature * static_cast<double>(m));
    for (int64_t begin = 0; begin < m; begin += rows) {
      const int64_t end = std::min(m, begin + rows);
      const HeadInputs own{hidden.slice(0, begin, end), weight, bias};
      const HeadInputs target{teacher->hidden.slice(0, begin, end),
                              teacher->weight, teacher->bias};
      Tensor d = FusedGradient(own, target, temperature, scale, sums);
      if (!d.defined()) d = Gradient(own, target, temperature, scale, sums);
      if (bias.defined()) d_bias += d.sum(0);
      d = d.to(hidden.scalar_type());
      d_hidden.slice(0, begin, end).copy_(torch::matmul(d, weight));
      d_weight += torch::matmul(d.t(), own.hidden);
    }
    context->save_for_backward({d_hidden, d_weight.to(weight.scalar_type()),
                                d_bias.to(maybe_bias.scalar_type())});
    sums /= m;
    const Tensor loss = sums[0].clone(), kl = sums[0] - sums[1],
                 top1 = sums[2].clone();
    context->mark_non_differentiable({kl, top1});
    return {loss, kl, top1};
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor& g = gradients[0];
    const auto scaled = [&g](const Tensor& d) {
      return d * g.to(d.scalar_type());
    };
    return {scaled(saved[0]), scaled(saved[1]), scaled(saved[2]),
            Tensor(),         Tensor(),         Tensor()};
  }
};

}  // namespace

CrossEntropy LinearCrossEntropy(const HeadInputs& student,
                                const HeadInputs& teacher, double temperature,
                                int64_t rows) {
  const Tensor bias = student.bias.defined()
                          ? student.bias
                          : torch::empty({0}, student.hidden.options());
  const variable_list out = LinearCrossEntropyFunction::apply(
      student.hidden, student.weight, bias, &teacher, temperature, rows);
  return {out[0], out[1], out[2]};
}

}  // namespace llamba::distill

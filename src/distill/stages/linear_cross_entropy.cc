#include "distill/stages/linear_cross_entropy.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

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
    Tensor loss = torch::zeros({}, wide), entropy = torch::zeros({}, wide),
           agreed = torch::zeros({}, wide);
    Tensor d_hidden = torch::empty_like(hidden);
    Tensor d_weight = torch::zeros(weight.sizes(), wide);
    Tensor d_bias = torch::zeros(maybe_bias.sizes(), wide);

    for (int64_t begin = 0; begin < m; begin += rows) {
      const int64_t end = std::min(m, begin + rows);
      const Tensor h = hidden.slice(0, begin, end);
      const Tensor target_log =
          at::log_softmax(Logits(teacher->hidden.slice(0, begin, end),
                                 teacher->weight, teacher->bias, type) /
                              temperature,
                          1);
      const Tensor student_log =
          at::log_softmax(Logits(h, weight, bias, type) / temperature, 1);
      agreed += (target_log.argmax(1) == student_log.argmax(1)).sum();
      const Tensor target = target_log.exp();
      loss -= (target * student_log).sum();
      entropy -= (target * target_log.clamp_min(-1e30)).sum();

      const Tensor d_logits = student_log.exp().sub_(target).div_(
          temperature * static_cast<double>(m));
      if (bias.defined()) d_bias += d_logits.sum(0);
      const Tensor d = d_logits.to(hidden.scalar_type());
      d_hidden.slice(0, begin, end).copy_(torch::matmul(d, weight));
      d_weight += torch::matmul(d.t(), h);
    }
    context->save_for_backward({d_hidden, d_weight.to(weight.scalar_type()),
                                d_bias.to(maybe_bias.scalar_type())});
    loss /= m;
    Tensor kl = loss - entropy / m;
    Tensor top1 = agreed / m;
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

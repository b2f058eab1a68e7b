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

// Rows of both models' logits to the gradient of the student's, by one kernel.
// `losses` (rows, 3) takes each row's cross-entropy, the teacher's entropy and
// whether both agree. Undefined where there is no kernel.
Tensor FusedGradient(const HeadInputs& student, const HeadInputs& teacher,
                     double temperature, double scale, const Tensor& losses) {
  if constexpr (kCudaKernels) {
    if (student.bias.defined() || teacher.bias.defined() ||
        !UseKernel(Kernel::kCrossEntropy, student.hidden)) {
      return {};
    }
    const Tensor logits = torch::matmul(student.hidden, student.weight.t());
    if (TryCrossEntropyRows(torch::matmul(teacher.hidden, teacher.weight.t()),
                            logits, losses, temperature, scale)) {
      return logits;
    }
  }
  return {};
}

// The same by libtorch's operations, in the type of `losses`.
Tensor Gradient(const HeadInputs& student, const HeadInputs& teacher,
                double temperature, double scale, Tensor losses) {
  const auto log_probabilities = [&](const HeadInputs& head) {
    return at::log_softmax(
        Logits(head.hidden, head.weight, head.bias, losses.scalar_type()) /
            temperature,
        1);
  };
  const Tensor target_log = log_probabilities(teacher);
  const Tensor student_log = log_probabilities(student);
  const Tensor target = target_log.exp();
  losses.copy_(
      torch::stack({-(target * student_log).sum(1),
                    -(target * target_log.clamp_min(-1e30)).sum(1),
                    (target_log.argmax(1) == student_log.argmax(1)).to(losses)},
                   1));
  return student_log.exp().sub_(target).mul_(scale);
}

class LinearCrossEntropyFunction
    : public torch::autograd::Function<LinearCrossEntropyFunction> {
 public:
  // Returns {loss, kl, top1}; only the loss has a gradient. A function's inputs
  // must be defined: `maybe_bias` without elements is none.
  static variable_list forward(AutogradContext* context, const Tensor& hidden,
                               const Tensor& weight, const Tensor& maybe_bias,
                               const HeadInputs* teacher,
                               const CrossEntropyOptions* options) {
    const auto type = AccumulateType(hidden);
    const Tensor bias = maybe_bias.numel() == 0 ? Tensor() : maybe_bias;
    const auto wide = hidden.options().dtype(type).requires_grad(false);
    const int64_t m = hidden.size(0);
    const Tensor losses = torch::empty({m, 3}, wide);
    Tensor d_hidden = torch::empty_like(hidden);
    Tensor d_weight = torch::zeros(weight.sizes(), wide);
    Tensor d_bias = torch::zeros(maybe_bias.sizes(), wide);

    const double temperature = options->temperature;
    const double scale = 1 / (temperature * static_cast<double>(m));
    for (int64_t begin = 0; begin < m; begin += options->rows) {
      const int64_t end = std::min(m, begin + options->rows);
      const auto rows = [&](const Tensor& t) { return t.slice(0, begin, end); };
      const HeadInputs own{rows(hidden), weight, bias};
      const HeadInputs target{rows(teacher->hidden), teacher->weight,
                              teacher->bias};
      Tensor d = FusedGradient(own, target, temperature, scale, rows(losses));
      if (!d.defined()) {
        d = Gradient(own, target, temperature, scale, rows(losses));
      }
      // A row of logits is longer than what is made of its gradient.
      const auto weighted = [&](const Tensor& t) {
        if (!options->row_weights.defined()) return t;
        return t * rows(options->row_weights).unsqueeze(1).to(t.scalar_type());
      };
      if (bias.defined()) d_bias += weighted(d).sum(0);
      d = d.to(hidden.scalar_type());
      rows(d_hidden).copy_(weighted(torch::matmul(d, weight)));
      d_weight += torch::matmul(d.t(), weighted(own.hidden));
    }
    context->save_for_backward({d_hidden, d_weight.to(weight.scalar_type()),
                                d_bias.to(maybe_bias.scalar_type())});
    const Tensor means = losses.mean(0);
    const Tensor kl = means[0] - means[1], top1 = means[2].clone();
    const Tensor loss =
        options->row_weights.defined()
            ? (losses.select(1, 0) * options->row_weights.to(type)).mean()
            : means[0].clone();
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
    return {scaled(saved[0]), scaled(saved[1]), scaled(saved[2]), Tensor(),
            Tensor()};
  }
};

}  // namespace

CrossEntropy LinearCrossEntropy(const HeadInputs& student,
                                const HeadInputs& teacher,
                                const CrossEntropyOptions& options) {
  const Tensor bias = student.bias.defined()
                          ? student.bias
                          : torch::empty({0}, student.hidden.options());
  const variable_list out = LinearCrossEntropyFunction::apply(
      student.hidden, student.weight, bias, &teacher, &options);
  return {out[0], out[1], out[2]};
}

}  // namespace llamba::distill

#include "distill/layers/orientation.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

namespace llamba::distill {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// (B, T, G, N) -> (B, H, T, N).
Tensor ToHeads(const Tensor& tensor, int64_t n_heads, torch::ScalarType type) {
  return tensor.to(type)
      .repeat_interleave(n_heads / tensor.size(2), 2)
      .transpose(1, 2)
      .contiguous();
}

// The reverse for gradients.
Tensor ToGroups(const Tensor& tensor, int64_t n_groups, const Tensor& like) {
  return tensor.transpose(1, 2)
      .unflatten(2, torch::IntArrayRef({n_groups, tensor.size(1) / n_groups}))
      .sum(3)
      .to(like.scalar_type());
}

// Adds up the norms and their gradients, row block by row block. With
// W = (M - A) * decay, the gradients of C and B are W B and W^T C; that of the
// running sums of log decays follows from these: sum_s W_ts (C_t . B_s) is
// C_t . dC_t.
class Sweep {
 public:
  Sweep(const Tensor& b, const Tensor& c, const Tensor& log_decay,
        const Tensor& d, const Tensor& segments)
      : b_(ToHeads(b, log_decay.size(2), log_decay.scalar_type())),
        c_(ToHeads(c, log_decay.size(2), log_decay.scalar_type())),
        d_(d.to(log_decay.scalar_type()).view({1, -1, 1})),
        sums_(log_decay.cumsum(1).transpose(1, 2).contiguous()),
        hidden_(CausalDocumentMask(segments).logical_not_().unsqueeze(1)),
        square_(torch::zeros({b.size(0), log_decay.size(2)}, sums_.options())),
        d_d_(torch::zeros_like(square_)),
        d_b_(torch::zeros_like(b_)),
        d_c_(torch::empty_like(c_)) {}

  void Add(const AttentionHeads& heads, int64_t begin, int64_t end) {
    const Tensor hidden = hidden_.slice(2, begin, end).slice(3, 0, end);
    const Tensor b = b_.slice(2, 0, end), c = c_.slice(2, begin, end);
    Tensor decay = sums_.slice(2, begin, end).unsqueeze(3) -
                   sums_.slice(2, 0, end).unsqueeze(2);
    decay.masked_fill_(hidden, -INFINITY).exp_();
    Tensor m = torch::matmul(c, b.transpose(2, 3)).mul_(decay);
    Tensor diagonal = m.diagonal(begin, 2, 3);
    diagonal += d_;
    m.sub_(Attention(heads, hidden, begin, end));
    square_ += m.norm(2, {2, 3}).square();
    d_d_ += diagonal.sum(2);
    m.mul_(decay);
    d_c_.slice(2, begin, end).copy_(torch::matmul(m, b));
    d_b_.slice(2, 0, end) += torch::matmul(m.transpose(2, 3), c);
  }

  Tensor Loss() const { return square_.sqrt().mean(); }

  // Of b, c, log_decay and d, in these tensors' shapes and types.
  variable_list Gradients(const Tensor& b, const Tensor& c, const Tensor& d) {
    const Tensor scale = square_.sqrt()
                             .mul_(square_.numel())
                             .clamp_min_(1e-30)
                             .reciprocal_()
                             .view({square_.size(0), -1, 1, 1});
    d_b_.mul_(scale);
    d_c_.mul_(scale);
    const Tensor d_sums = (c_ * d_c_).sum(3) - (b_ * d_b_).sum(3);
    const Tensor d_log = d_sums.flip({2}).cumsum(2).flip({2});
    return {ToGroups(d_b_, b.size(2), b), ToGroups(d_c_, c.size(2), c),
            d_log.transpose(1, 2).contiguous(),
            (d_d_ * scale.flatten(1)).sum(0).to(d.scalar_type())};
  }

 private:
  // Softmax of q k^T: weights of rows [begin, end), (B, H, rows, end).
  Tensor Attention(const AttentionHeads& heads, const Tensor& hidden,
                   int64_t begin, int64_t end) const {
    Tensor scores = torch::matmul(heads.q.slice(2, begin, end),
                                  heads.k.slice(2, 0, end).transpose(2, 3));
    scores.masked_fill_(hidden, -INFINITY);
    return scores.softmax(3, sums_.scalar_type());
  }

  Tensor b_, c_;      // (B, H, T, N)
  Tensor d_;          // (1, H, 1)
  Tensor sums_;       // (B, H, T)
  Tensor hidden_;     // (B, 1, T, T)
  Tensor square_;     // (B, H): squared norms
  Tensor d_d_;        // (B, H)
  Tensor d_b_, d_c_;  // before the division by the norm
};

class OrientationFunction
    : public torch::autograd::Function<OrientationFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& b,
                        const Tensor& c, const Tensor& log_decay,
                        const Tensor& d, const Tensor& segments,
                        const AttentionHeads* heads, int64_t rows) {
    Sweep sweep(b, c, log_decay, d, segments);
    const int64_t t = b.size(1);
    for (int64_t begin = 0; begin < t; begin += rows) {
      sweep.Add(*heads, begin, std::min(t, begin + rows));
    }
    context->save_for_backward(sweep.Gradients(b, c, d));
    return sweep.Loss();
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& gradients) {
    variable_list out;
    for (const Tensor& gradient : context->get_saved_variables()) {
      out.push_back(gradient * gradients[0].to(gradient.scalar_type()));
    }
    out.resize(7);
    return out;
  }
};

}  // namespace

Tensor OrientationLoss(const ScanInputs& in, const Tensor& d,
                       const AttentionHeads& heads, int64_t rows) {
  if (rows == 0) rows = std::max<int64_t>(64, (in.b.size(1) + 3) / 4);
  const double scale = 1 / std::sqrt(static_cast<double>(heads.q.size(3)));
  const AttentionHeads scaled{heads.q * scale, heads.k};
  return OrientationFunction::apply(in.b, in.c, in.log_decay, d, in.segments,
                                    &scaled, rows);
}

}  // namespace llamba::distill

#include "distill/layers/orientation.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "distill/kernels/fused.h"

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

// Adds up the norms and their gradients, row block by row block.
class Sweep {
 public:
  Sweep(const Tensor& b, const Tensor& c, const Tensor& sums, const Tensor& d,
        const Tensor& segments)
      : b_(ToHeads(b, sums.size(1), sums.scalar_type())),
        c_(ToHeads(c, sums.size(1), sums.scalar_type())),
        d_(d.to(sums.scalar_type()).view({1, -1, 1})),
        sums_(sums),
        hidden_(CausalDocumentMask(segments).logical_not_().unsqueeze(1)) {
    out_.square = torch::zeros({b.size(0), sums.size(1)}, sums.options());
    out_.diagonal = torch::zeros_like(out_.square);
    out_.d_b = torch::zeros_like(b_);
    out_.d_c = torch::empty_like(c_);
  }

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
    out_.square += m.norm(2, {2, 3}).square();
    out_.diagonal += diagonal.sum(2);
    m.mul_(decay);
    out_.d_c.slice(2, begin, end).copy_(torch::matmul(m, b));
    out_.d_b.slice(2, 0, end) += torch::matmul(m.transpose(2, 3), c);
  }

  const OrientationSums& sums() const { return out_; }

 private:
  // Softmax of q k^T: weights of rows [begin, end), (B, H, rows, end).
  Tensor Attention(const AttentionHeads& heads, const Tensor& hidden,
                   int64_t begin, int64_t end) const {
    Tensor scores = torch::matmul(heads.q.slice(2, begin, end),
                                  heads.k.slice(2, 0, end).transpose(2, 3));
    scores.masked_fill_(hidden, -INFINITY);
    return scores.softmax(3, sums_.scalar_type());
  }

  Tensor b_, c_;   // (B, H, T, N)
  Tensor d_;       // (1, H, 1)
  Tensor sums_;    // (B, H, T)
  Tensor hidden_;  // (B, 1, T, T)
  OrientationSums out_;
};

// Of b, c, log_decay and d, in these tensors' shapes and types. `sums` lack the
// division by the norm. The gradient of the running sums of log decays follows
// from those of C and B: sum_s W_ts (C_t . B_s) is C_t . dC_t.
variable_list Gradients(const OrientationSums& sums, const Tensor& b,
                        const Tensor& c, const Tensor& d) {
  const int64_t batch = sums.square.size(0), heads = sums.square.size(1);
  const torch::ScalarType type = sums.square.scalar_type();
  const Tensor scale = sums.square.sqrt()
                           .mul_(sums.square.numel())
                           .clamp_min_(1e-30)
                           .reciprocal_()
                           .view({batch, heads, 1, 1});
  const Tensor d_b = sums.d_b * scale, d_c = sums.d_c * scale;
  const Tensor d_sums = (ToHeads(c, heads, type) * d_c).sum(3) -
                        (ToHeads(b, heads, type) * d_b).sum(3);
  const Tensor d_log = d_sums.flip({2}).cumsum(2).flip({2});
  return {ToGroups(d_b, b.size(2), b), ToGroups(d_c, c.size(2), c),
          d_log.transpose(1, 2).contiguous(),
          (sums.diagonal * scale.flatten(1)).sum(0).to(d.scalar_type())};
}

class OrientationFunction
    : public torch::autograd::Function<OrientationFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& b,
                        const Tensor& c, const Tensor& log_decay,
                        const Tensor& d, const Tensor& segments,
                        const AttentionHeads* heads, int64_t rows) {
    const Tensor running = log_decay.cumsum(1).transpose(1, 2).contiguous();
    OrientationSums sums;
    if constexpr (kCudaKernels) {
      sums = TryOrientation(b, c, running, d, segments, heads->q, heads->k);
    }
    if (!sums.square.defined()) {
      Sweep sweep(b, c, running, d, segments);
      const int64_t t = b.size(1);
      for (int64_t begin = 0; begin < t; begin += rows) {
        sweep.Add(*heads, begin, std::min(t, begin + rows));
      }
      sums = sweep.sums();
    }
    context->save_for_backward(Gradients(sums, b, c, d));
    return sums.square.sqrt().mean();
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

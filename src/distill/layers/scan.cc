#include "distill/layers/scan.h"

#include <torch/csrc/autograd/custom_function.h>

namespace llamba::distill {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// (B, T, H, X) -> (B, C, H, Q, X), T padded with zeros to whole chunks.
Tensor ToChunks(const Tensor& tensor, int64_t chunk) {
  const int64_t t = tensor.size(1);
  const int64_t pad = (chunk - t % chunk) % chunk;
  Tensor padded = tensor;
  if (pad != 0) {
    padded = torch::constant_pad_nd(tensor, {0, 0, 0, 0, 0, pad});
  }
  const auto sizes = padded.sizes();
  return padded.reshape({sizes[0], sizes[1] / chunk, chunk, sizes[2], sizes[3]})
      .transpose(2, 3);
}

// The reverse: (B, C, H, Q, X) -> (B, T, H, X).
Tensor FromChunks(const Tensor& chunks, int64_t t) {
  const auto sizes = chunks.sizes();
  return chunks.transpose(2, 3)
      .reshape({sizes[0], sizes[1] * sizes[3], sizes[2], sizes[4]})
      .slice(1, 0, t);
}

// Everything that both passes need, in chunks and float32, groups repeated to
// heads. Padding tokens carry zeros in x, B and C, decay 1, and the segment of
// the last token, so they change nothing.
struct Chunks {
  Tensor x, b, c;     // (B, C, H, Q, P or N)
  Tensor decay;       // (B, C, H, Q, Q): exp(c_t - c_s), masked
  Tensor from_start;  // (B, C, H, Q): exp(c_t), 0 past a document's border
  Tensor to_end;      // (B, C, H, Q): exp(c_end - c_s), 0 before a border
  Tensor carry;       // (B, C, H): what is left of the state that enters
};

Tensor RepeatGroups(const Tensor& tensor, int64_t n_heads) {
  return tensor.repeat_interleave(n_heads / tensor.size(2), 2);
}

Tensor SegmentsInChunks(const Tensor& segments, int64_t chunk) {
  const int64_t t = segments.size(1);
  const int64_t pad = (chunk - t % chunk) % chunk;
  Tensor padded = segments;
  if (pad != 0) {
    padded = torch::cat(
        {segments, segments.slice(1, t - 1, t).expand({-1, pad})}, 1);
  }
  return padded.reshape({segments.size(0), -1, chunk});
}

Chunks MakeChunks(const Tensor& x, const Tensor& b, const Tensor& c,
                  const Tensor& log_decay, const Tensor& segments,
                  int64_t chunk) {
  const int64_t n_heads = x.size(2);
  const auto type = log_decay.scalar_type();
  Chunks out;
  out.x = ToChunks(x.to(type), chunk);
  out.b = ToChunks(RepeatGroups(b.to(type), n_heads), chunk);
  out.c = ToChunks(RepeatGroups(c.to(type), n_heads), chunk);

  const Tensor sums =
      ToChunks(log_decay.unsqueeze(3), chunk).squeeze(4).cumsum(3);
  const Tensor seg = SegmentsInChunks(segments, chunk);  // (B, C, Q)
  const Tensor last = seg.select(2, chunk - 1);          // (B, C)
  // The segment that the entering state belongs to; no token has -1.
  const Tensor before = torch::cat(
      {torch::full_like(last.slice(1, 0, 1), -1), last.slice(1, 0, -1)}, 1);

  const Tensor causal =
      torch::ones({chunk, chunk}, sums.options().dtype(torch::kBool)).tril();
  const Tensor same =
      (seg.unsqueeze(3) == seg.unsqueeze(2)).logical_and(causal).unsqueeze(2);
  const Tensor difference = sums.unsqueeze(4) - sums.unsqueeze(3);
  out.decay = difference.masked_fill(same.logical_not(), -INFINITY).exp_();

  const Tensor in_first = (seg == before.unsqueeze(2)).unsqueeze(2);
  out.from_start = sums.exp() * in_first;
  const Tensor end = sums.slice(3, chunk - 1, chunk);
  out.to_end = (end - sums).exp_() * (seg == last.unsqueeze(2)).unsqueeze(2);
  out.carry = out.from_start.select(3, chunk - 1);
  return out;
}

// States entering each chunk (B, C, H, N, P): S_0 = 0,
// S_{i+1} = carry_i S_i + sum_s to_end_s B_s x_s^T.
Tensor EnteringStates(const Chunks& k) {
  const Tensor added =
      torch::matmul((k.b * k.to_end.unsqueeze(4)).transpose(3, 4), k.x);
  const int64_t n_chunks = added.size(1);
  std::vector<Tensor> states;
  states.reserve(n_chunks);
  Tensor state = torch::zeros_like(added.select(1, 0));
  for (int64_t i = 0; i < n_chunks; ++i) {
    states.push_back(state);
    if (i + 1 == n_chunks) break;
    state = torch::addcmul(added.select(1, i), state,
                           k.carry.select(1, i).unsqueeze(2).unsqueeze(3));
  }
  return torch::stack(states, 1);
}

// Gradients of the states that leave each chunk: the same recurrence backwards,
// G_{i-1} = carry_i G_i + sum_t from_start_t C_t dy_t^T.
Tensor LeavingGradients(const Chunks& k, const Tensor& dy) {
  const Tensor added =
      torch::matmul((k.c * k.from_start.unsqueeze(4)).transpose(3, 4), dy);
  const int64_t n_chunks = added.size(1);
  std::vector<Tensor> gradients(n_chunks);
  Tensor gradient = torch::zeros_like(added.select(1, 0));
  for (int64_t i = n_chunks - 1; i >= 0; --i) {
    gradients[i] = gradient;
    if (i == 0) break;
    gradient = torch::addcmul(added.select(1, i), gradient,
                              k.carry.select(1, i).unsqueeze(2).unsqueeze(3));
  }
  return torch::stack(gradients, 1);
}

// Sums the heads of each group: (B, T, H, N) -> (B, T, G, N).
Tensor SumGroups(const Tensor& tensor, int64_t n_groups) {
  const auto s = tensor.sizes();
  return tensor.reshape({s[0], s[1], n_groups, s[2] / n_groups, s[3]}).sum(3);
}

class ScanFunction : public torch::autograd::Function<ScanFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x,
                        const Tensor& b, const Tensor& c,
                        const Tensor& log_decay, const Tensor& segments,
                        int64_t chunk) {
    const Chunks k = MakeChunks(x, b, c, log_decay, segments, chunk);
    const Tensor states = EnteringStates(k);
    const Tensor scores = torch::matmul(k.c, k.b.transpose(3, 4)) * k.decay;
    Tensor y = torch::matmul(scores, k.x);
    y += torch::matmul(k.c * k.from_start.unsqueeze(4), states);
    context->save_for_backward({x, b, c, log_decay, segments, states});
    context->saved_data["chunk"] = chunk;
    return FromChunks(y, x.size(1)).to(x.scalar_type());
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &b = saved[1], &c = saved[2];
    const int64_t t = x.size(1);
    const int64_t chunk = context->saved_data["chunk"].toInt();
    const Chunks k = MakeChunks(x, b, c, saved[3], saved[4], chunk);
    const Tensor& states = saved[5];
    const Tensor dy = ToChunks(gradients[0].to(saved[3].scalar_type()), chunk);
    const Tensor leaving = LeavingGradients(k, dy);

    const Tensor products = torch::matmul(k.c, k.b.transpose(3, 4));
    const Tensor scores = products * k.decay;
    const Tensor d_products = torch::matmul(dy, k.x.transpose(3, 4)) * k.decay;

    const Tensor x_to_state = k.x * k.to_end.unsqueeze(4);
    Tensor dx = torch::matmul(scores.transpose(3, 4), dy);
    const Tensor from_leaving =
        torch::matmul(k.b, leaving) * k.to_end.unsqueeze(4);
    dx += from_leaving;
    Tensor dc = torch::matmul(d_products, k.b);
    const Tensor read =
        torch::matmul(dy, states.transpose(3, 4)) * k.from_start.unsqueeze(4);
    dc += read;
    Tensor db = torch::matmul(d_products.transpose(3, 4), k.c);
    db += torch::matmul(x_to_state, leaving.transpose(3, 4));

    // Running sums of log decays: each factor exp(c_t - c_s) gives its product
    // to t and takes it from s.
    const Tensor pairs = d_products * products;
    const Tensor written = (from_leaving * k.x).sum(4);
    Tensor d_sums = pairs.sum(4) - pairs.sum(3) + (read * k.c).sum(4) - written;
    d_sums.select(3, chunk - 1) +=
        written.sum(3) + (leaving * states).sum({3, 4}) * k.carry;
    const Tensor d_log = d_sums.flip({3}).cumsum(3).flip({3});

    const int64_t groups = b.size(2);
    return {FromChunks(dx, t).to(x.scalar_type()),
            SumGroups(FromChunks(db, t), groups).to(b.scalar_type()),
            SumGroups(FromChunks(dc, t), groups).to(c.scalar_type()),
            FromChunks(d_log.unsqueeze(4), t).squeeze(3),
            Tensor(),
            Tensor()};
  }
};

}  // namespace

Tensor ChunkedScan(const ScanInputs& in, int64_t chunk) {
  return ScanFunction::apply(in.x, in.b, in.c, in.log_decay, in.segments,
                             std::min(chunk, in.x.size(1)));
}

Tensor ScanMatrix(const ScanInputs& in) {
  const int64_t n_heads = in.log_decay.size(2);
  const auto type = in.log_decay.scalar_type();
  const Tensor b = RepeatGroups(in.b.to(type), n_heads);
  const Tensor c = RepeatGroups(in.c.to(type), n_heads);
  const Tensor products =
      torch::matmul(c.transpose(1, 2), b.permute({0, 2, 3, 1}));
  const Tensor sums = in.log_decay.cumsum(1).transpose(1, 2);  // (B, H, T)
  const Tensor mask = CausalDocumentMask(in.segments).unsqueeze(1);
  const Tensor decay = (sums.unsqueeze(3) - sums.unsqueeze(2))
                           .masked_fill(mask.logical_not(), -INFINITY)
                           .exp();
  return products * decay;
}

}  // namespace llamba::distill

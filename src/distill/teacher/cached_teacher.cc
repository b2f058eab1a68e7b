#include "distill/teacher/cached_teacher.h"

#include <cmath>

namespace llamba::distill {

CachedTeacher::CachedTeacher(const LayerStack& teacher, int64_t rows,
                             int64_t length)
    : teacher_(teacher), config_(teacher.config().attention), rows_(rows) {
  const auto options = teacher.HeadWeight().options().requires_grad(false);
  const auto integers =
      torch::TensorOptions(torch::kInt64).device(options.device());
  const auto cache = [&] {
    const int64_t heads = config_.n_kv_heads, width = config_.head_dim;
    // The kernels of a GPU read the heads of a position side by side.
    return options.device().is_cuda()
               ? torch::zeros({rows, length, heads, width}, options)
                     .transpose(1, 2)
               : torch::zeros({rows, heads, length, width}, options);
  };
  for (int layer = 0; layer < teacher.n_layer(); ++layer) {
    keys_.push_back(cache());
    values_.push_back(cache());
  }
  rotary_ = MakeRotary(config_, length, options);
  positions_ = torch::arange(length, integers);
  row_begins_ = torch::arange(rows + 1, integers) * length;
}

Tensor CachedTeacher::Step(const Tensor& ids, const Tensor& starts,
                           int64_t position) {
  const torch::NoGradGuard no_grad;
  const Place place = MakePlace(starts, position);
  Tensor x = teacher_.Embed(ids);
  for (int layer = 0; layer < teacher_.n_layer(); ++layer) {
    x = Block(layer, x, place);
  }
  return Linear(teacher_.FinalNorm(x), teacher_.HeadWeight(),
                teacher_.HeadBias());
}

CachedTeacher::Place CachedTeacher::MakePlace(const Tensor& starts,
                                              int64_t position) const {
  Place place;
  place.position = position;
  place.cos = rotary_.cos[position];
  place.sin = rotary_.sin[position];
  place.hidden =
      (positions_.slice(0, 0, position + 1).unsqueeze(0) < starts.unsqueeze(1))
          .unsqueeze(1)
          .unsqueeze(1);
  if (starts.is_cuda()) {
    Tensor first = row_begins_.clone();
    first.slice(0, 0, rows_).add_(starts);
    place.spans = {first.to(torch::kInt32),
                   (position + 1 - starts).to(torch::kInt32), position + 1};
  }
  return place;
}

Tensor CachedTeacher::Block(int layer, const Tensor& x, const Place& place) {
  const LayerParameters p(teacher_.parameters(), layer);
  const double eps = teacher_.config().block_norm_epsilon;
  const Tensor h =
      x + Attend(layer, p, RmsNorm(x, p(TensorRole::kInputNorm), eps), place);
  return h + Mlp(RmsNorm(h, p(TensorRole::kPostNorm), eps), p,
                 teacher_.config().mlp);
}

Tensor CachedTeacher::Rotated(const Tensor& projected, int64_t n_heads,
                              const Place& place) const {
  const Tensor x = projected.view({rows_, n_heads, config_.head_dim});
  if constexpr (kCudaKernels) {
    if (TryRotate(projected, n_heads, place.cos, place.sin)) return x;
  }
  const auto halves = x.chunk(2, -1);
  return torch::cat({halves[0] * place.cos - halves[1] * place.sin,
                     halves[1] * place.cos + halves[0] * place.sin},
                    -1);
}

Tensor CachedTeacher::Attend(int layer, const LayerParameters& p,
                             const Tensor& u, const Place& place) {
  const auto project = [&](TensorRole weight, TensorRole bias) {
    return Linear(u, p(weight), p.Optional(bias));
  };
  const Tensor q = project(TensorRole::kAttnQ, TensorRole::kAttnQBias);
  const Tensor k = project(TensorRole::kAttnK, TensorRole::kAttnKBias);
  const Tensor v = project(TensorRole::kAttnV, TensorRole::kAttnVBias);
  keys_[layer]
      .select(2, place.position)
      .copy_(Rotated(k, config_.n_kv_heads, place));
  values_[layer]
      .select(2, place.position)
      .copy_(v.view({rows_, config_.n_kv_heads, config_.head_dim}));
  return Linear(Mix(layer, Rotated(q, config_.n_heads, place), place),
                p(TensorRole::kAttnO), p.Optional(TensorRole::kAttnOBias));
}

Tensor CachedTeacher::Mix(int layer, const Tensor& q,
                          const Place& place) const {
  if constexpr (kCudaKernels) {
    const Tensor mixed =
        TryCachedAttention(q, keys_[layer].transpose(1, 2),
                           values_[layer].transpose(1, 2), place.spans);
    if (mixed.defined()) return mixed;
  }
  const Tensor k = keys_[layer].slice(2, 0, place.position + 1);
  const Tensor v = values_[layer].slice(2, 0, place.position + 1);
  // The query heads of a group stand as rows before their key head.
  const Tensor grouped =
      q.reshape({rows_, config_.n_kv_heads, -1, config_.head_dim});
  const Tensor scores =
      torch::matmul(grouped, k.transpose(2, 3)).to(AccumulateType(q)) /
      std::sqrt(static_cast<double>(config_.head_dim));
  const Tensor weights = scores.masked_fill(place.hidden, -INFINITY).softmax(3);
  return torch::matmul(weights.to(v.scalar_type()), v).flatten(1);
}

}  // namespace llamba::distill

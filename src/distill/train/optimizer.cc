#include "distill/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "distill/kernels/fused.h"
#include "distill/layers/layers.h"

namespace llamba::distill {
namespace {

// Shards begin at multiples of this, so that vector loads stay aligned.
constexpr int64_t kShardAlignment = 256;

// Values that are sent at a time, in float32 over all workers: a large model's
// gradients and state never stand in float32 whole beside it.
constexpr int64_t kPiece = int64_t{1} << 25;

bool IsMatrix(const TensorId& id, const Tensor& tensor) {
  return tensor.dim() == 2 && id.role != TensorRole::kSsmConv;
}

}  // namespace

ShardedAdamW::ShardedAdamW(const ParameterMap& precise, ParameterMap& working,
                           const torch::TensorOptions& working_options,
                           const std::function<bool(const TensorId&)>& trains,
                           const AdamWOptions& options,
                           Communicator& communicator)
    : options_(options), communicator_(communicator) {
  for (const bool matrices : {true, false}) {
    for (const auto& [id, tensor] : precise) {
      if (!trains(id) || IsMatrix(id, tensor) != matrices) continue;
      slots_.push_back({id, n_parameters_, tensor.numel()});
      n_parameters_ += tensor.numel();
    }
    if (matrices) n_decayed_ = n_parameters_;
  }
  if (n_parameters_ == 0) Fail("training: no parameter of the student learns");
  LayOut(precise, working, working_options);
}

void ShardedAdamW::LayOut(const ParameterMap& precise, ParameterMap& working,
                          const torch::TensorOptions& working_options) {
  const int64_t unit = kShardAlignment * communicator_.size();
  const int64_t padded = (n_parameters_ + unit - 1) / unit * unit;
  shard_size_ = padded / communicator_.size();
  const int64_t begin = shard_size_ * communicator_.rank();
  decayed_in_shard_ = std::clamp<int64_t>(n_decayed_ - begin, 0, shard_size_);

  for (const auto& [id, tensor] : precise) {
    working[id] = tensor.detach().to(working_options);
  }
  weights_ = torch::zeros({padded}, working_options);
  gradients_ = torch::zeros_like(weights_);
  const auto wide = working_options.dtype(AccumulateType(weights_));
  shards_.master = torch::zeros({shard_size_}, wide);
  for (const Slot& slot : slots_) {
    const Tensor& tensor = precise.at(slot.id);
    const auto view = [&](const Tensor& flat) {
      return flat.slice(0, slot.offset, slot.offset + slot.size)
          .view(tensor.sizes());
    };
    view(weights_).copy_(tensor);
    // A detached view is a leaf whose gradient accumulates into gradients_.
    Tensor leaf = view(weights_).detach().requires_grad_();
    leaf.mutable_grad() = view(gradients_);
    working[slot.id] = leaf;
    const int64_t from = std::max(slot.offset, begin);
    const int64_t to = std::min(slot.offset + slot.size, begin + shard_size_);
    if (from < to) {
      shards_.master.slice(0, from - begin, to - begin)
          .copy_(tensor.reshape({-1}).slice(0, from - slot.offset,
                                            to - slot.offset));
    }
  }
  shards_.first_moment = torch::zeros_like(shards_.master);
  shards_.second_moment = torch::zeros_like(shards_.master);
  gathered_ = torch::zeros_like(shards_.master);
}

void ShardedAdamW::GatherGradients() {
  const torch::NoGradGuard no_grad;
  if (communicator_.size() == 1) {
    gathered_ += gradients_;
  } else {
    const Tensor rows = gradients_.view({communicator_.size(), shard_size_});
    ForEachPiece([&](int64_t begin, int64_t end) {
      const Tensor wide =
          rows.slice(1, begin, end).to(gathered_.scalar_type()).reshape({-1});
      Tensor sum = torch::empty({end - begin}, gathered_.options());
      communicator_.ReduceScatter(wide, sum);
      gathered_.slice(0, begin, end).add_(sum);
    });
  }
  gradients_.zero_();
}

ShardedAdamW::StepResult ShardedAdamW::Step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  Tensor square = gathered_.square().sum();
  communicator_.AllReduce(square);
  const double norm = std::sqrt(square.item<double>());
  if (!std::isfinite(norm)) {
    gathered_.zero_();
    return {norm};
  }
  const bool clip = options_.clip_norm > 0 && norm > options_.clip_norm;
  ++n_updates_;
  Update(learning_rate, clip ? options_.clip_norm / norm : 1);
  return {norm};
}

void ShardedAdamW::Update(double learning_rate, double gradient_scale) {
  if constexpr (kCudaKernels) {
    Tensor published = torch::empty({shard_size_}, weights_.options());
    if (TryAdamW(shards_.master, gathered_, shards_.first_moment,
                 shards_.second_moment, published,
                 {gradient_scale, options_.beta1, options_.beta2, options_.eps,
                  learning_rate, options_.weight_decay, n_updates_,
                  decayed_in_shard_})) {
      communicator_.AllGather(published, weights_);
      return;
    }
  }
  if (gradient_scale != 1) gathered_ *= gradient_scale;
  const auto t = static_cast<double>(n_updates_);
  const double correction1 = 1 - std::pow(options_.beta1, t);
  const double correction2 = 1 - std::pow(options_.beta2, t);
  shards_.first_moment.lerp_(gathered_, 1 - options_.beta1);
  shards_.second_moment.mul_(options_.beta2)
      .addcmul_(gathered_, gathered_, 1 - options_.beta2);
  shards_.master.slice(0, 0, decayed_in_shard_)
      .mul_(1 - learning_rate * options_.weight_decay);
  const Tensor denominator =
      (shards_.second_moment / correction2).sqrt_().add_(options_.eps);
  shards_.master.addcdiv_(shards_.first_moment, denominator,
                          -learning_rate / correction1);
  gathered_.zero_();
  PublishWeights();
}

void ShardedAdamW::PublishWeights() {
  communicator_.AllGather(shards_.master.to(weights_.scalar_type()), weights_);
}

void ShardedAdamW::Restore(const Shards& whole, int64_t n_updates) {
  const torch::NoGradGuard no_grad;
  const int64_t begin = shard_size_ * communicator_.rank();
  const int64_t end = std::min(begin + shard_size_, n_parameters_);
  const auto take = [&](const Tensor& from, Tensor to) {
    if (from.numel() != n_parameters_) {
      Fail("checkpoint: the optimizer holds {} values, expected {}",
           from.numel(), n_parameters_);
    }
    if (begin < end) {
      to.slice(0, 0, end - begin).copy_(from.slice(0, begin, end));
    }
  };
  take(whole.master, shards_.master);
  take(whole.first_moment, shards_.first_moment);
  take(whole.second_moment, shards_.second_moment);
  n_updates_ = n_updates;
  PublishWeights();
}

void ShardedAdamW::ForEachPiece(
    const std::function<void(int64_t, int64_t)>& use) const {
  const int64_t piece = std::max<int64_t>(1, kPiece / communicator_.size());
  for (int64_t begin = 0; begin < shard_size_; begin += piece) {
    use(begin, std::min(begin + piece, shard_size_));
  }
}

Tensor ShardedAdamW::GatherWhole(const Tensor& shard, bool keep) {
  const torch::NoGradGuard no_grad;
  const int64_t workers = communicator_.size();
  Tensor whole = torch::empty({keep ? workers * shard_size_ : 0},
                              shard.options().device(torch::kCPU));
  ForEachPiece([&](int64_t begin, int64_t end) {
    Tensor part = torch::empty({workers * (end - begin)}, shard.options());
    communicator_.AllGather(shard.slice(0, begin, end), part);
    if (!keep) return;
    whole.view({workers, shard_size_})
        .slice(1, begin, end)
        .copy_(part.view({workers, end - begin}));
  });
  return keep ? whole.slice(0, 0, n_parameters_) : Tensor();
}

ShardedAdamW::Shards ShardedAdamW::Gather() {
  const bool keep = communicator_.rank() == 0;
  return {GatherWhole(shards_.master, keep),
          GatherWhole(shards_.first_moment, keep),
          GatherWhole(shards_.second_moment, keep)};
}

void ShardedAdamW::Extract(ParameterMap& precise) {
  const torch::NoGradGuard no_grad;
  const Tensor master = GatherWhole(shards_.master, true);
  for (const Slot& slot : slots_) {
    Tensor& tensor = precise.at(slot.id);
    tensor.copy_(master.slice(0, slot.offset, slot.offset + slot.size)
                     .view(tensor.sizes()));
  }
}

}  // namespace llamba::distill

#include "distill/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "distill/layers/layers.h"

namespace llamba::distill {
namespace {

// Shards begin at multiples of this, so that vector loads stay aligned.
constexpr int64_t kShardAlignment = 256;

bool IsMatrix(const TensorId& id, const Tensor& tensor) {
  return tensor.dim() == 2 && id.role != TensorRole::kSsmConv;
}

}  // namespace

ShardedAdamW::ShardedAdamW(ParameterMap& parameters,
                           const std::function<bool(const TensorId&)>& trains,
                           const AdamWOptions& options,
                           Communicator& communicator)
    : options_(options), communicator_(communicator) {
  std::vector<TensorId> ids, vectors;
  int64_t n_decayed = 0;
  for (auto& [id, tensor] : parameters) {
    tensor = tensor.detach();
    if (!trains(id)) continue;
    n_parameters_ += tensor.numel();
    if (IsMatrix(id, tensor)) {
      n_decayed += tensor.numel();
      ids.push_back(id);
    } else {
      vectors.push_back(id);
    }
  }
  if (n_parameters_ == 0) Fail("training: no parameter of the student learns");
  ids.insert(ids.end(), vectors.begin(), vectors.end());
  LayOut(parameters, ids, n_decayed);
}

void ShardedAdamW::LayOut(ParameterMap& parameters,
                          const std::vector<TensorId>& ids, int64_t n_decayed) {
  const int64_t unit = kShardAlignment * communicator_.size();
  const int64_t padded = (n_parameters_ + unit - 1) / unit * unit;
  shard_size_ = padded / communicator_.size();
  const int64_t begin = shard_size_ * communicator_.rank();
  decayed_in_shard_ = std::clamp<int64_t>(n_decayed - begin, 0, shard_size_);

  const Tensor& like = parameters.at(ids[0]);
  weights_ = torch::zeros({padded}, like.options());
  gradients_ = torch::zeros_like(weights_);
  int64_t offset = 0;
  for (const TensorId& id : ids) {
    Tensor& tensor = parameters.at(id);
    const int64_t n = tensor.numel();
    const auto view = [&](const Tensor& flat) {
      return flat.slice(0, offset, offset + n).view(tensor.sizes());
    };
    Tensor weight = view(weights_);
    weight.copy_(tensor);
    // A detached view is a leaf whose gradient accumulates into gradients_.
    Tensor leaf = weight.detach().requires_grad_();
    leaf.mutable_grad() = view(gradients_);
    tensor = leaf;
    offset += n;
  }
  shards_.master = weights_.slice(0, begin, begin + shard_size_)
                       .to(AccumulateType(weights_))
                       .clone();
  shards_.first_moment = torch::zeros_like(shards_.master);
  shards_.second_moment = torch::zeros_like(shards_.master);
  gathered_ = torch::zeros_like(shards_.master);
}

void ShardedAdamW::GatherGradients() {
  const torch::NoGradGuard no_grad;
  if (communicator_.size() == 1) {
    gathered_ += gradients_;
  } else {
    Tensor shard = torch::empty_like(gathered_);
    communicator_.ReduceScatter(gradients_.to(gathered_.scalar_type()), shard);
    gathered_ += shard;
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
  if (options_.clip_norm > 0 && norm > options_.clip_norm) {
    gathered_ *= options_.clip_norm / norm;
  }
  ++n_updates_;
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
  return {norm};
}

void ShardedAdamW::PublishWeights() {
  communicator_.AllGather(shards_.master.to(weights_.scalar_type()), weights_);
}

void ShardedAdamW::Restore(const Shards& whole, int64_t n_updates) {
  const torch::NoGradGuard no_grad;
  const int64_t begin = shard_size_ * communicator_.rank();
  const int64_t end = std::min(begin + shard_size_, n_parameters_);
  const auto take = [&](const Tensor& from, Tensor to) {
    LLAMBA_ASSERT(from.numel() == n_parameters_);
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

ShardedAdamW::Shards ShardedAdamW::Gather() {
  const torch::NoGradGuard no_grad;
  const auto whole = [&](const Tensor& shard) {
    Tensor full =
        torch::empty({shard_size_ * communicator_.size()}, shard.options());
    communicator_.AllGather(shard, full);
    return full.slice(0, 0, n_parameters_).to(torch::kCPU);
  };
  return {whole(shards_.master), whole(shards_.first_moment),
          whole(shards_.second_moment)};
}

}  // namespace llamba::distill

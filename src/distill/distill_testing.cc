#include "distill/distill_testing.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

namespace llamba::distill {

ModelConfig TinyTeacherConfig() {
  ModelConfig config;
  config.vocab_size = 24;
  config.d_model = 16;
  config.n_layer = 2;
  config.tie_embeddings = true;
  config.mlp.intermediate_size = 20;
  config.attention.n_heads = 4;
  config.attention.n_kv_heads = 2;
  config.attention.head_dim = 4;
  config.attention.max_position_embeddings = 64;
  config.context_length = 64;
  config.mixers.assign(2, MixerKind::kAttention);
  ValidateConfig(config, "tiny teacher");
  return config;
}

ParameterMap RandomParameters(const ModelConfig& config, uint64_t seed,
                              torch::ScalarType type) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  ParameterMap parameters;
  for (const TensorSpec& spec : Schema(config)) {
    const torch::IntArrayRef shape(spec.shape.data(), spec.shape.size());
    const Tensor noise = torch::randn(shape, generator, torch::kFloat64) * 0.4;
    const bool is_norm = spec.id.role == TensorRole::kInputNorm ||
                         spec.id.role == TensorRole::kPostNorm ||
                         spec.id.role == TensorRole::kFinalNorm;
    parameters[spec.id] = (is_norm ? noise + 1 : noise).to(type);
  }
  return parameters;
}

Batch TinyBatch(int64_t vocab_size, int64_t n_tokens, uint64_t seed) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  Batch batch;
  batch.ids = torch::randint(vocab_size, {2, n_tokens}, generator,
                             torch::TensorOptions(torch::kInt64));
  batch.segments = torch::zeros({2, n_tokens}, torch::kInt32);
  batch.segments[0].slice(0, n_tokens / 3).fill_(1);
  return batch;
}

double GradientError(Tensor parameter, const Tensor& analytic,
                     const std::function<double()>& loss, double step) {
  const torch::NoGradGuard no_grad;
  Tensor flat = parameter.view({-1});
  const Tensor expected = analytic.reshape({-1});
  const int64_t stride = std::max<int64_t>(1, flat.numel() / 17);
  double worst = 0, largest = 1e-12;
  for (int64_t i = 0; i < flat.numel(); i += stride) {
    const double value = flat[i].item<double>();
    flat[i] = value + step;
    const double above = loss();
    flat[i] = value - step;
    const double below = loss();
    flat[i] = value;
    const double numeric = (above - below) / (2 * step);
    worst = std::max(worst, std::abs(expected[i].item<double>() - numeric));
    largest = std::max(largest, std::abs(numeric));
  }
  return worst / largest;
}

}  // namespace llamba::distill

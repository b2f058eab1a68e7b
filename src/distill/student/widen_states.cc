#include "distill/student/widen_states.h"

#include <ATen/CPUGeneratorImpl.h>

#include "base/error.h"
#include "distill/student/initial_values.h"

namespace llamba::distill {
namespace {

// The channels of `rows` (conv_channels and what follows, ...) with those of
// `b` and `c` (n_qk_heads, new dimensions, ...) behind each group's own.
Tensor Insert(const Tensor& rows, const SsmConfig& ssm, const Tensor& b,
              const Tensor& c) {
  const int64_t bc = ssm.n_qk_heads * ssm.d_state;
  const auto parts = rows.detach().split_with_sizes(
      {ssm.d_inner, bc, bc, rows.size(0) - ssm.conv_channels()});
  const auto behind = [&](const Tensor& own, const Tensor& more) {
    std::vector<int64_t> shape = more.sizes().vec();
    shape[1] = ssm.d_state;
    return torch::cat({own.view(shape), more.to(own.options())}, 1)
        .flatten(0, 1);
  };
  return torch::cat(
      {parts[0], behind(parts[1], b), behind(parts[2], c), parts[3]});
}

}  // namespace

LayerStack WidenStates(const LayerStack& student, int64_t d_state,
                       uint64_t seed) {
  const SsmConfig& ssm = student.config().ssm;
  LLAMBA_ASSERT(d_state >= ssm.d_state);
  if (ssm.d_state == d_state) return student;
  ModelConfig config = student.config();
  config.ssm.d_state = d_state;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const int64_t groups = ssm.n_qk_heads, more = d_state - ssm.d_state;
  const int64_t d_model = config.d_model;
  const Tensor taps =
      IdentityTaps(groups * more, ssm.d_conv).view({groups, more, ssm.d_conv});
  const Tensor no_rows = torch::zeros({groups, more, d_model}, torch::kFloat64);
  const Tensor no_bias = torch::zeros({groups, more}, torch::kFloat64);

  ParameterMap parameters = student.parameters();
  for (int layer = 0; layer < student.n_layer(); ++layer) {
    if (config.mixers[layer] != MixerKind::kMamba2) continue;
    const auto insert = [&](TensorRole role, const Tensor& b, const Tensor& c) {
      const auto it = parameters.find({role, layer});
      if (it != parameters.end()) it->second = Insert(it->second, ssm, b, c);
    };
    const Tensor drawn =
        UniformRows(groups * more, d_model, generator).view_as(no_rows);
    insert(TensorRole::kSsmIn, no_rows, drawn);
    insert(TensorRole::kSsmInBias, no_bias, no_bias);
    insert(TensorRole::kSsmConv, taps, taps);
    insert(TensorRole::kSsmConvBias, no_bias, no_bias);
  }
  return {std::move(config), std::move(parameters)};
}

}  // namespace llamba::distill

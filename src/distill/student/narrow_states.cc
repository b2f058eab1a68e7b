#include "distill/student/narrow_states.h"

#include "base/error.h"

namespace llamba::distill {
namespace {

// Root mean squares (conv_channels) of a layer's channels after the
// convolution.
Tensor ChannelSizes(const LayerStack& student, int layer) {
  const SsmConfig& ssm = student.config().ssm;
  const auto get = [&](TensorRole role) {
    return student.parameters().at({role, layer}).to(torch::kFloat64);
  };
  const Tensor rows = get(TensorRole::kSsmIn).slice(0, 0, ssm.conv_channels()) *
                      get(TensorRole::kInputNorm);
  Tensor squares =
      rows.square().sum(1) * get(TensorRole::kSsmConv).square().sum(1);
  if (ssm.conv_bias) squares += get(TensorRole::kSsmConvBias).square();
  return squares.sqrt();
}

// The rows of in_proj that stay, of which the channels of the convolution are
// the first.
Tensor KeptRows(const LayerStack& student, int layer, int64_t d_state) {
  const SsmConfig& ssm = student.config().ssm;
  const int64_t bc = ssm.n_qk_heads * ssm.d_state;
  const auto parts =
      ChannelSizes(student, layer).split_with_sizes({ssm.d_inner, bc, bc});
  const Tensor pairs = (parts[1] * parts[2]).view({ssm.n_qk_heads, -1});
  const Tensor kept = std::get<0>(std::get<1>(pairs.topk(d_state, 1)).sort(1));
  const Tensor b =
      (kept + torch::arange(ssm.n_qk_heads).unsqueeze(1) * ssm.d_state)
          .flatten() +
      ssm.d_inner;
  return torch::cat({torch::arange(ssm.d_inner), b, b + bc,
                     torch::arange(ssm.conv_channels(), ssm.in_proj_rows())});
}

}  // namespace

LayerStack NarrowStates(const LayerStack& student, int64_t d_state) {
  LLAMBA_ASSERT(student.config().ssm.d_state >= d_state);
  if (student.config().ssm.d_state == d_state) return student;
  ModelConfig config = student.config();
  config.ssm.d_state = d_state;
  ParameterMap parameters = student.parameters();
  for (int layer = 0; layer < student.n_layer(); ++layer) {
    if (config.mixers[layer] != MixerKind::kMamba2) continue;
    const Tensor rows = KeptRows(student, layer, d_state);
    const Tensor channels = rows.slice(0, 0, config.ssm.conv_channels());
    const auto keep = [&](TensorRole role, const Tensor& which) {
      const auto it = parameters.find({role, layer});
      if (it != parameters.end()) {
        it->second = it->second.detach().index_select(0, which);
      }
    };
    keep(TensorRole::kSsmIn, rows);
    keep(TensorRole::kSsmInBias, rows);
    keep(TensorRole::kSsmConv, channels);
    keep(TensorRole::kSsmConvBias, channels);
  }
  return {std::move(config), std::move(parameters)};
}

}  // namespace llamba::distill

#include "distill/student/spread_decays.h"

#include <cmath>

namespace llamba::distill {
namespace {

// Of the inputs' mean square, so that w follows no direction of a few samples.
constexpr double kRidge = 0.01;

// w of least |u w - 1|^2 + ridge |w|^2 over the rows of u (n, D); (D) double.
Tensor ConstantDirection(const Tensor& u) {
  const Tensor rows = u.flatten(0, 1).to(torch::kCPU, torch::kFloat64);
  const auto n = static_cast<double>(rows.size(0));
  const Tensor second = torch::matmul(rows.t(), rows) / n;
  const Tensor ridge = second.diagonal().mean() * kRidge;
  const Tensor regular =
      second + ridge * torch::eye(second.size(0), second.options());
  return torch::cholesky_solve(rows.mean(0).unsqueeze(1),
                               at::linalg_cholesky(regular))
      .squeeze(1);
}

// Memories of the heads, tokens.
Tensor Memories(int64_t n_heads, double longest) {
  return torch::logspace(std::log10(2.0), std::log10(longest), n_heads, 10.0,
                         torch::kFloat64);
}

}  // namespace

void SpreadDecays(const LayerStack& teacher, const ModelConfig& config,
                  const Batch& batch, double longest,
                  Communicator& communicator, ParameterMap& student) {
  const torch::NoGradGuard no_grad;
  const SsmConfig& ssm = config.ssm;
  const Tensor memories = Memories(ssm.n_v_heads, longest);
  const Tensor of_groups = memories.view({ssm.n_qk_heads, -1}).mean(1);
  const LayerContext context = teacher.MakeContext(batch);
  Tensor x = teacher.Embed(batch.ids);
  for (int layer = 0; layer < teacher.n_layer(); ++layer) {
    if (config.mixers[layer] == MixerKind::kMamba2) {
      // Summed over workers, which may round differently.
      Tensor w = ConstantDirection(teacher.InputNorm(layer, x))
                     .to(torch::kFloat32)
                     .to(x.device());
      communicator.AllReduce(w);
      w = w.cpu() / communicator.size();
      Tensor in = student.at({TensorRole::kSsmIn, layer});
      const Tensor logits = (memories - 1).log().to(torch::kFloat32);
      in.slice(0, in.size(0) - ssm.n_v_heads).copy_(torch::outer(-logits, w));
      in.slice(0, ssm.d_inner, ssm.d_inner + ssm.n_qk_heads * ssm.d_state)
          .view({ssm.n_qk_heads, ssm.d_state, -1})
          .div_(of_groups.sqrt().to(torch::kFloat32).view({-1, 1, 1}));
    }
    if (layer + 1 < teacher.n_layer()) x = teacher.Block(layer, x, context);
  }
}

}  // namespace llamba::distill

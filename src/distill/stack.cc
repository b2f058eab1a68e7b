#include "distill/stack.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

#include <functional>

#include "base/error.h"
#include "distill/layers/orientation.h"

namespace llamba::distill {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using BlockFunction = std::function<Tensor(const Tensor&)>;

struct BlockHolder : torch::CustomClassHolder {
  explicit BlockHolder(BlockFunction f) : function(std::move(f)) {}
  BlockFunction function;
};

// f(x) without a graph; backward runs f again with one and goes through it. The
// parameters that f reads are leaves and gather their gradients there, so x
// must need a gradient for the pass to reach them.
class Recompute : public torch::autograd::Function<Recompute> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x,
                        c10::intrusive_ptr<BlockHolder> block) {
    context->save_for_backward({x});
    context->saved_data["block"] = c10::IValue::make_capsule(block);
    const torch::NoGradGuard no_grad;
    return block->function(x);
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& gradients) {
    const Tensor x =
        context->get_saved_variables()[0].detach().requires_grad_();
    const auto block = c10::static_intrusive_pointer_cast<BlockHolder>(
        context->saved_data["block"].toCapsule());
    {
      const torch::AutoGradMode with_grad(true);
      const Tensor y = block->function(x);
      torch::autograd::backward({y}, {gradients[0]});
    }
    return {x.grad(), Tensor()};
  }
};

}  // namespace

LayerContext LayerStack::MakeContext(const Batch& batch) const {
  LayerContext context;
  context.segments = batch.segments;
  if (config_.HasMixer(MixerKind::kAttention)) {
    const Tensor& embedding =
        parameters_.at(TensorId{TensorRole::kEmbedding, -1});
    context.mask = CausalDocumentMask(batch.segments);
    if (batch.segments.is_cuda()) {
      context.starts = DocumentStarts(batch.segments);
    }
    context.rotary = MakeRotary(config_.attention, batch.ids.size(1),
                                embedding.options().requires_grad(false));
  }
  return context;
}

Tensor LayerStack::Embed(const Tensor& ids) const {
  return at::embedding(parameters_.at(TensorId{TensorRole::kEmbedding, -1}),
                       ids);
}

Tensor LayerStack::InputNorm(int layer, const Tensor& x) const {
  const LayerParameters p(parameters_, layer);
  return RmsNorm(x, p(TensorRole::kInputNorm), config_.block_norm_epsilon);
}

Tensor LayerStack::Mixer(int layer, const Tensor& x,
                         const LayerContext& context) const {
  const LayerParameters p(parameters_, layer);
  const Tensor u = InputNorm(layer, x);
  if (config_.mixers[layer] == MixerKind::kMamba2) {
    return Mamba2Mixer(u, p, config_.ssm, context.segments);
  }
  return AttentionMixer(u, p, config_.attention, context.rotary, context.mask,
                        context.starts);
}

Tensor LayerStack::MixingMatrix(int layer, const Tensor& x,
                                const LayerContext& context) const {
  const LayerParameters p(parameters_, layer);
  const Tensor u = InputNorm(layer, x);
  if (config_.mixers[layer] == MixerKind::kMamba2) {
    return Mamba2Matrix(u, p, config_.ssm, context.segments);
  }
  return AttentionMatrix(u, p, config_.attention, context.rotary, context.mask);
}

Tensor LayerStack::Orientation(int layer, const Tensor& x,
                               const LayerContext& context,
                               const LayerStack& teacher,
                               const LayerContext& teacher_context) const {
  const LayerParameters p(parameters_, layer);
  AttentionHeads target;
  {
    const torch::NoGradGuard no_grad;
    target = RotatedHeads(teacher.InputNorm(layer, x),
                          LayerParameters(teacher.parameters_, layer),
                          teacher.config_.attention, teacher_context.rotary);
  }
  return OrientationLoss(
      Mamba2MatrixInputs(InputNorm(layer, x), p, config_.ssm, context.segments),
      p(TensorRole::kSsmD), target);
}

Tensor LayerStack::AddMlp(int layer, const Tensor& x) const {
  const LayerParameters p(parameters_, layer);
  const Tensor& norm = p(TensorRole::kPostNorm);
  return x + Mlp(RmsNorm(x, norm, config_.block_norm_epsilon), p, config_.mlp);
}

Tensor LayerStack::Block(int layer, const Tensor& x,
                         const LayerContext& context) const {
  return AddMlp(layer, x + Mixer(layer, x, context));
}

Tensor LayerStack::FinalNorm(const Tensor& x) const {
  return RmsNorm(x, parameters_.at(TensorId{TensorRole::kFinalNorm, -1}),
                 config_.norm_epsilon);
}

const Tensor& LayerStack::HeadWeight() const {
  return parameters_.at(TensorId{
      config_.tie_embeddings ? TensorRole::kEmbedding : TensorRole::kHead, -1});
}

Tensor LayerStack::HeadBias() const {
  const auto it = parameters_.find(TensorId{TensorRole::kHeadBias, -1});
  return it == parameters_.end() ? Tensor() : it->second;
}

Tensor LayerStack::Hidden(const Batch& batch) const {
  const LayerContext context = MakeContext(batch);
  Tensor x = Embed(batch.ids);
  for (int layer = 0; layer < n_layer(); ++layer) x = Block(layer, x, context);
  return FinalNorm(x);
}

Tensor LayerStack::Logits(const Batch& batch) const {
  return Linear(Hidden(batch), HeadWeight(), HeadBias());
}

Tensor Recomputed(const Tensor& x, std::function<Tensor(const Tensor&)> f) {
  if (!x.requires_grad() || !torch::GradMode::is_enabled()) return f(x);
  return Recompute::apply(x, c10::make_intrusive<BlockHolder>(std::move(f)));
}

LayerStack LoadStack(const Checkpoint& checkpoint,
                     const torch::TensorOptions& options) {
  return {checkpoint.config, LoadParameters(checkpoint, options)};
}

Checkpoint OpenLlama(const std::string& path) {
  Checkpoint checkpoint = OpenCheckpoint(path);
  if (!checkpoint.config.IsLlama()) {
    Fail("{}: expected a Llama (all attention)", path);
  }
  return checkpoint;
}

LayerStack OpenTeacher(const std::string& path,
                       const torch::TensorOptions& options) {
  return LoadStack(OpenLlama(path), options);
}

}  // namespace llamba::distill

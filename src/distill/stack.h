#ifndef LLAMBA_DISTILL_STACK_H_
#define LLAMBA_DISTILL_STACK_H_

#include <functional>
#include <optional>
#include <string>

#include "distill/layers/layers.h"
#include "distill/tensors.h"

namespace llamba::distill {

// Per-batch tensors that every layer reads, computed once.
struct LayerContext {
  Tensor segments;  // (B, T)
  Tensor mask;      // CausalDocumentMask; undefined without attention layers
  Tensor starts;    // DocumentStarts, on a GPU only
  Rotary rotary;
};

// A model as training sees it: a teacher (all attention), a student (Mamba-2)
// or a hybrid, chosen per layer by config.mixers. Layers can be run one at a
// time, so that hidden states and maps are taken where a stage needs them and
// never all held at once. Holds parameters by value (tensors are references).
class LayerStack {
 public:
  LayerStack(ModelConfig config, ParameterMap parameters)
      : config_(std::move(config)), parameters_(std::move(parameters)) {}

  const ModelConfig& config() const { return config_; }
  const ParameterMap& parameters() const { return parameters_; }
  ParameterMap& parameters() { return parameters_; }
  int n_layer() const { return static_cast<int>(config_.n_layer); }

  LayerContext MakeContext(const Batch& batch) const;

  // (B, T) -> (B, T, D).
  Tensor Embed(const Tensor& ids) const;
  // What enters the mixer of a layer.
  Tensor InputNorm(int layer, const Tensor& x) const;
  // The mixer of a layer on the residual stream x that enters the layer: its
  // norm is applied here.
  Tensor Mixer(int layer, const Tensor& x, const LayerContext& context) const;
  // Softmax or mixing matrix (B, H, T, T) for the same x.
  Tensor MixingMatrix(int layer, const Tensor& x,
                      const LayerContext& context) const;
  // Stage 1's loss of a layer that is Mamba-2 here and attention in `teacher`,
  // both on the same x (layers/orientation.h).
  Tensor Orientation(int layer, const Tensor& x, const LayerContext& context,
                     const LayerStack& teacher,
                     const LayerContext& teacher_context) const;
  // The second half of a block, from the stream that has its mixer: x + MLP.
  Tensor AddMlp(int layer, const Tensor& x) const;
  // The whole block: x + mixer, then + MLP.
  Tensor Block(int layer, const Tensor& x, const LayerContext& context) const;
  Tensor FinalNorm(const Tensor& x) const;
  // Head matrix (V, D), the embedding where tied; bias may be undefined.
  const Tensor& HeadWeight() const;
  Tensor HeadBias() const;

  // Final-norm output (B, T, D) of all layers.
  Tensor Hidden(const Batch& batch) const;
  Tensor Logits(const Batch& batch) const;

 private:
  ModelConfig config_;
  ParameterMap parameters_;
};

// f(x), with what the backward pass needs of it computed anew there instead of
// kept (activation checkpointing).
Tensor Recomputed(const Tensor& x, std::function<Tensor(const Tensor&)> f);

// The model of a checkpoint, in `options`' type and device.
LayerStack LoadStack(const Checkpoint& checkpoint,
                     const torch::TensorOptions& options);

// A Llama of a directory or GGUF file. Throws Error where it is none.
Checkpoint OpenLlama(const std::string& path);

// The same, in `options`' type and device.
LayerStack OpenTeacher(const std::string& path,
                       const torch::TensorOptions& options);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STACK_H_

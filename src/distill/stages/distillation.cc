#include "distill/stages/linear_cross_entropy.h"
#include "distill/stages/recall_weights.h"
#include "distill/stages/stage.h"

namespace llamba::distill {
namespace {

class DistillationStage : public Stage {
 public:
  explicit DistillationStage(const DistillationOptions& options)
      : options_(options) {}

  std::string name() const override { return "stage3"; }
  bool Trains(const TensorId& /*id*/,
              const ModelConfig& /*student*/) const override {
    return true;
  }

  StageLoss Accumulate(const LayerStack& teacher, const LayerStack& student,
                       const Batch& batch, double scale) const override {
    const std::vector<Tensor> targets = TeacherStates(teacher, batch);
    const LayerContext context = student.MakeContext(batch);
    Tensor x = student.Embed(batch.ids);
    Tensor hidden_loss;
    for (int layer = 0; layer < student.n_layer(); ++layer) {
      x = options_.recompute ? student.BlockRecomputed(layer, x, context)
                             : student.Block(layer, x, context);
      if (options_.hidden_weight != 0) {
        const Tensor loss = RelativeDistance(x, targets[layer]);
        hidden_loss = hidden_loss.defined() ? hidden_loss + loss : loss;
      }
    }
    const CrossEntropy ce = LinearCrossEntropy(
        Head(student, student.FinalNorm(x)), Head(teacher, targets.back()),
        {.temperature = options_.temperature,
         .rows = options_.logits_rows,
         .row_weights = RowWeights(batch)});
    Tensor loss = ce.loss;
    if (hidden_loss.defined()) {
      loss = loss + hidden_loss * (options_.hidden_weight / student.n_layer());
    }
    (loss * scale).backward();
    StageLoss out;
    out.total = loss.detach();
    out.kl = ce.kl.detach();
    out.top1 = ce.top1.detach();
    return out;
  }

 private:
  // What leaves each layer (only where the loss reads it), and last the output
  // of the final norm.
  std::vector<Tensor> TeacherStates(const LayerStack& teacher,
                                    const Batch& batch) const {
    const torch::NoGradGuard no_grad;
    const LayerContext context = teacher.MakeContext(batch);
    std::vector<Tensor> states;
    Tensor x = teacher.Embed(batch.ids);
    for (int layer = 0; layer < teacher.n_layer(); ++layer) {
      x = teacher.Block(layer, x, context);
      if (options_.hidden_weight != 0) states.push_back(x);
    }
    states.push_back(teacher.FinalNorm(x));
    return states;
  }

  Tensor RowWeights(const Batch& batch) const {
    if (options_.recall_weight == 0) return {};
    return RecallWeights(batch, options_.recall_weight).flatten();
  }

  static HeadInputs Head(const LayerStack& stack, const Tensor& hidden) {
    return {hidden.flatten(0, 1), stack.HeadWeight(), stack.HeadBias()};
  }

  static Tensor RelativeDistance(const Tensor& x, const Tensor& target) {
    const auto type = AccumulateType(x);
    const Tensor wide = target.to(type);
    return ((x.to(type) - wide).norm(2, -1) / wide.norm(2, -1)).mean();
  }

  DistillationOptions options_;
};

}  // namespace

std::unique_ptr<Stage> KnowledgeDistillation(
    const DistillationOptions& options) {
  return std::make_unique<DistillationStage>(options);
}

}  // namespace llamba::distill

#include <functional>

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
    const Targets targets = TeacherStates(teacher, batch);
    const LayerContext context = student.MakeContext(batch);
    std::vector<Tensor> hidden, mixed;  // losses, one a layer
    Tensor x = student.Embed(batch.ids);
    for (int layer = 0; layer < student.n_layer(); ++layer) {
      if (targets.mixed.empty()) {
        // In one piece, of which Recomputed keeps the input alone.
        x = Run(x, [&student, layer, context](const Tensor& in) {
          return student.Block(layer, in, context);
        });
      } else {
        const Tensor y = Run(x, [&student, layer, context](const Tensor& in) {
          return student.Mixer(layer, in, context);
        });
        mixed.push_back(Unexplained(y, targets.mixed[layer]));
        x = Run(x + y, [&student, layer](const Tensor& in) {
          return student.AddMlp(layer, in);
        });
      }
      if (!targets.hidden.empty()) {
        hidden.push_back(RelativeDistance(x, targets.hidden[layer]));
      }
    }
    const CrossEntropy ce = LinearCrossEntropy(
        Head(student, student.FinalNorm(x)), Head(teacher, targets.last),
        {.temperature = options_.temperature,
         .rows = options_.logits_rows,
         .row_weights = RowWeights(batch)});
    StageLoss out;
    Tensor loss = ce.loss;
    if (!hidden.empty()) {
      loss = loss + torch::stack(hidden).mean() * options_.hidden_weight;
    }
    if (!mixed.empty()) {
      const Tensor shares = torch::stack(mixed);
      loss = loss + shares.mean() * options_.mixer_weight;
      out.per_layer = shares.detach();
    }
    (loss * scale).backward();
    out.total = loss.detach();
    out.kl = ce.kl.detach();
    out.top1 = ce.top1.detach();
    return out;
  }

 private:
  // What a mixer of the teacher gives, and of its tokens the weights.
  struct Mixed {
    Tensor y, weights;  // (batch, length, hidden), (batch, length)
  };

  // Of the teacher: what each mixer gives and what leaves each layer (only
  // where the loss reads it), and the output of the final norm.
  struct Targets {
    std::vector<Mixed> mixed;
    std::vector<Tensor> hidden;
    Tensor last;
  };

  Targets TeacherStates(const LayerStack& teacher, const Batch& batch) const {
    const torch::NoGradGuard no_grad;
    const LayerContext context = teacher.MakeContext(batch);
    Targets targets;
    Tensor x = teacher.Embed(batch.ids);
    for (int layer = 0; layer < teacher.n_layer(); ++layer) {
      const Tensor mixed = teacher.Mixer(layer, x, context);
      if (options_.mixer_weight != 0) {
        targets.mixed.push_back({mixed, BesideStream(x)});
      }
      x = teacher.AddMlp(layer, x + mixed);
      if (options_.hidden_weight != 0) targets.hidden.push_back(x);
    }
    targets.last = teacher.FinalNorm(x);
    return targets;
  }

  Tensor Run(const Tensor& x, std::function<Tensor(const Tensor&)> f) const {
    return options_.recompute ? Recomputed(x, std::move(f)) : f(x);
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

  // Weights of squares beside those of the stream; a stream of zeros has none.
  static Tensor BesideStream(const Tensor& x) {
    const Tensor squares = SumOfSquares(x);
    return torch::where(squares > 0, squares.reciprocal(),
                        torch::zeros_like(squares));
  }

  static Tensor SumOfSquares(const Tensor& x) {
    return x.to(AccumulateType(x)).square().sum(-1);
  }

  // A token counts by how far attention moves its stream: so do those where it
  // finds what was said before, which are few.
  static Tensor Unexplained(const Tensor& y, const Mixed& target) {
    const auto type = AccumulateType(y);
    const Tensor missing = SumOfSquares(y.to(type) - target.y.to(type));
    return (missing * target.weights).sum() /
           (SumOfSquares(target.y) * target.weights).sum();
  }

  DistillationOptions options_;
};

}  // namespace

std::unique_ptr<Stage> KnowledgeDistillation(
    const DistillationOptions& options) {
  return std::make_unique<DistillationStage>(options);
}

}  // namespace llamba::distill

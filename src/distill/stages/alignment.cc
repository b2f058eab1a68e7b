#include "base/error.h"
#include "distill/stages/stage.h"

namespace llamba::distill {
namespace {

bool IsMixer(TensorRole role) {
  return role >= TensorRole::kSsmIn && role <= TensorRole::kAttnOBias;
}

bool IsRecurrent(const TensorId& id, const ModelConfig& student) {
  return id.layer >= 0 && student.mixers[id.layer] == MixerKind::kMamba2;
}

// Stages 1 and 2 differ in one layer's loss alone: this is the rest. Each layer
// sees the teacher's hidden state, so layers are independent, and each is
// differentiated before the next is computed.
class LayerwiseStage : public Stage {
 public:
  StageLoss Accumulate(const LayerStack& teacher, const LayerStack& student,
                       const Batch& batch, double scale) const override {
    const LayerContext teacher_context = teacher.MakeContext(batch);
    const LayerContext student_context = student.MakeContext(batch);
    std::vector<Tensor> losses;
    Tensor x;
    {
      const torch::NoGradGuard no_grad;
      x = teacher.Embed(batch.ids);
    }
    for (int layer = 0; layer < student.n_layer(); ++layer) {
      Tensor next;
      {
        const torch::NoGradGuard no_grad;
        next = teacher.Block(layer, x, teacher_context);
      }
      if (student.config().mixers[layer] == MixerKind::kMamba2) {
        Tensor target;
        {
          const torch::NoGradGuard no_grad;
          target = Target(teacher, layer, x, next, teacher_context);
        }
        const Tensor loss = Loss(student, layer, x, target, student_context);
        (loss * scale).backward();
        losses.push_back(loss.detach());
      } else {
        losses.push_back(
            torch::zeros({}, next.options().dtype(AccumulateType(next))));
      }
      x = next;
    }
    StageLoss out;
    out.per_layer = torch::stack(losses);
    out.total = out.per_layer.sum();
    return out;
  }

 protected:
  // What the student's layer is held to: of `x` that enters and `next` that
  // leaves the teacher's.
  virtual Tensor Target(const LayerStack& teacher, int layer, const Tensor& x,
                        const Tensor& next,
                        const LayerContext& context) const = 0;
  virtual Tensor Loss(const LayerStack& student, int layer, const Tensor& x,
                      const Tensor& target,
                      const LayerContext& context) const = 0;
};

class OrientationStage : public LayerwiseStage {
 public:
  std::string name() const override { return "stage1"; }
  bool Trains(const TensorId& id, const ModelConfig& student) const override {
    return IsRecurrent(id, student) && IsMixer(id.role);
  }

 protected:
  Tensor Target(const LayerStack& teacher, int layer, const Tensor& x,
                const Tensor& /*next*/,
                const LayerContext& context) const override {
    return teacher.MixingMatrix(layer, x, context);
  }
  Tensor Loss(const LayerStack& student, int layer, const Tensor& x,
              const Tensor& target,
              const LayerContext& context) const override {
    const Tensor difference = student.MixingMatrix(layer, x, context) - target;
    return difference.flatten(2).norm(2, 2).mean();
  }
};

class HiddenStateStage : public LayerwiseStage {
 public:
  std::string name() const override { return "stage2"; }
  bool Trains(const TensorId& id, const ModelConfig& student) const override {
    return IsRecurrent(id, student);
  }

 protected:
  Tensor Target(const LayerStack& /*teacher*/, int /*layer*/,
                const Tensor& /*x*/, const Tensor& next,
                const LayerContext& /*context*/) const override {
    return next;
  }
  Tensor Loss(const LayerStack& student, int layer, const Tensor& x,
              const Tensor& target,
              const LayerContext& context) const override {
    const Tensor y = student.Block(layer, x, context);
    const auto type = AccumulateType(y);
    return (y.to(type) - target.to(type)).norm(2, -1).mean();
  }
};

}  // namespace

std::unique_ptr<Stage> MatrixOrientation() {
  return std::make_unique<OrientationStage>();
}

std::unique_ptr<Stage> HiddenStateAlignment() {
  return std::make_unique<HiddenStateStage>();
}

}  // namespace llamba::distill

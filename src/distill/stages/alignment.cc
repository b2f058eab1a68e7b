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
      if (ReadsOutput() || layer + 1 < student.n_layer()) {
        const torch::NoGradGuard no_grad;
        next = teacher.Block(layer, x, teacher_context);
      }
      if (student.config().mixers[layer] == MixerKind::kMamba2) {
        const Tensor loss = Loss({teacher, teacher_context},
                                 {student, student_context}, layer, x, next);
        (loss * scale).backward();
        losses.push_back(loss.detach());
      } else {
        losses.push_back(
            torch::zeros({}, x.options().dtype(AccumulateType(x))));
      }
      x = next;
    }
    StageLoss out;
    out.per_layer = torch::stack(losses);
    out.total = out.per_layer.sum();
    return out;
  }

 protected:
  struct Model {
    const LayerStack& stack;
    const LayerContext& context;
  };
  // Whether the loss is of what leaves the teacher's layer.
  virtual bool ReadsOutput() const = 0;
  // Of `x` that enters and `next` that leaves the teacher's layer.
  virtual Tensor Loss(const Model& teacher, const Model& student, int layer,
                      const Tensor& x, const Tensor& next) const = 0;
};

class OrientationStage : public LayerwiseStage {
 public:
  std::string name() const override { return "stage1"; }
  bool Trains(const TensorId& id, const ModelConfig& student) const override {
    return IsRecurrent(id, student) && IsMixer(id.role);
  }

 protected:
  bool ReadsOutput() const override { return false; }
  Tensor Loss(const Model& teacher, const Model& student, int layer,
              const Tensor& x, const Tensor& /*next*/) const override {
    return student.stack.Orientation(layer, x, student.context, teacher.stack,
                                     teacher.context);
  }
};

class HiddenStateStage : public LayerwiseStage {
 public:
  std::string name() const override { return "stage2"; }
  bool Trains(const TensorId& id, const ModelConfig& student) const override {
    return IsRecurrent(id, student);
  }

 protected:
  bool ReadsOutput() const override { return true; }
  Tensor Loss(const Model& /*teacher*/, const Model& student, int layer,
              const Tensor& x, const Tensor& next) const override {
    const Tensor y = student.stack.Block(layer, x, student.context);
    const auto type = AccumulateType(y);
    return (y.to(type) - next.to(type)).norm(2, -1).mean();
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

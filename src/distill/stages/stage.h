#ifndef LLAMBA_DISTILL_STAGES_STAGE_H_
#define LLAMBA_DISTILL_STAGES_STAGE_H_

#include <memory>
#include <string>
#include <vector>

#include "distill/stack.h"

namespace llamba::distill {

// What a stage reports of one micro-batch: tensors on the device, so that
// nothing waits for them until they are printed.
struct StageLoss {
  Tensor total;  // scalar float32: what was differentiated
  // (n_layer) float32: losses of stages 1 and 2, what the mixers leave
  // unexplained in stage 3; undefined where it does not read them.
  Tensor per_layer;
  // Stage 3 only: KL(teacher || student) and share of equal top-1, scalars.
  Tensor kl, top1;
};

// One of the three stages of MOHAWK (SPEC 5): which parameters learn, and a
// loss over (batch, teacher, student). A stage holds settings only; one trainer
// runs all three.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual std::string name() const = 0;
  virtual bool Trains(const TensorId& id, const ModelConfig& student) const = 0;
  // Forward and backward of scale * loss: adds to the gradients of the
  // student's parameters that require one. Works layer by layer where the loss
  // allows it, so that one layer's maps or graph exist at a time.
  virtual StageLoss Accumulate(const LayerStack& teacher,
                               const LayerStack& student, const Batch& batch,
                               double scale) const = 0;
};

// Stage 1: sum over layers of the mean over batch and heads of the Frobenius
// norm of (student mixing matrix - teacher attention matrix), on the teacher's
// hidden states. Mixers learn.
std::unique_ptr<Stage> MatrixOrientation();

// Stage 2: sum over layers of the mean over tokens of the L2 norm of (student
// block - teacher block), each on the teacher's hidden state. Blocks learn.
std::unique_ptr<Stage> HiddenStateAlignment();

struct DistillationOptions {
  double temperature = 1;
  // Adds this times the mean over layers and tokens of
  // |student hidden - teacher hidden| / |teacher hidden|.
  double hidden_weight = 0;
  // Adds this times the mean over layers of the share of the squares of what
  // the teacher's mixers give, beside the square of the stream that they add it
  // to, that the student's mixers leave unexplained: sum over tokens of
  // |student - teacher|^2 / |stream|^2 over that of |teacher|^2 / |stream|^2.
  // A token whose stream is zeros does not count.
  double mixer_weight = 0;
  // Predicting a token that already stands n times in its document counts
  // 1 + this / n times in the cross-entropy.
  double recall_weight = 0;
  bool recompute = false;  // activation checkpointing
  // Rows of logits in float32 at a time.
  int64_t logits_rows = 2048;
};

// Stage 3: mean over tokens of the cross-entropy of the student's logits
// against the teacher's softmax(logits / T), and what the options add.
// Everything learns.
std::unique_ptr<Stage> KnowledgeDistillation(
    const DistillationOptions& options);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_STAGES_STAGE_H_

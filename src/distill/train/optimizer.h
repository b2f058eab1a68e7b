#ifndef LLAMBA_DISTILL_TRAIN_OPTIMIZER_H_
#define LLAMBA_DISTILL_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "distill/distributed/communicator.h"
#include "distill/tensors.h"

namespace llamba::distill {

// AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2 with decoupled
// decay). Decay applies to matrices alone, not to norms, biases, D or the
// convolution.
struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0.1;
  double clip_norm = 1.0;  // of the gradient over all parameters; 0: never
};

// The parameters that learn, their gradients and AdamW's state, laid out flat
// and sharded over the workers (ZeRO-2, arXiv 1910.02054): each worker holds
// all weights in the working type, the gradients of one micro-batch, and a
// 1/size share of the float32 weights, summed gradients and both moments.
//
// Bytes a worker for n parameters in bfloat16: 2n + 2n + 16n / size.
class ShardedAdamW {
 public:
  // `precise` holds every parameter in float32 (or double) on the CPU. Fills
  // `working`, the student's map, with the same in `working_options`' type and
  // device: those that learn as views of one flat tensor, leaves with
  // gradients, the rest as plain tensors. `communicator` must outlive the
  // object.
  ShardedAdamW(const ParameterMap& precise, ParameterMap& working,
               const torch::TensorOptions& working_options,
               const std::function<bool(const TensorId&)>& trains,
               const AdamWOptions& options, Communicator& communicator);

  // Adds the gradients of one micro-batch, summed over workers, to the shards,
  // and clears them for the next.
  void GatherGradients();

  struct StepResult {
    double gradient_norm;  // before clipping
  };
  // One update with the gathered gradients, which it clears. A norm that is not
  // finite changes nothing: the caller stops the run.
  StepResult Step(double learning_rate);

  // Updates so far (for the bias correction).
  int64_t n_updates() const { return n_updates_; }

  // This worker's part of the state, each 1-D float32: master weights, first
  // and second moment. For checkpoints; order and length depend on the
  // parameters and on the number of workers only through padding at the end.
  struct Shards {
    Tensor master, first_moment, second_moment;
  };
  const Shards& shards() const { return shards_; }
  // Continues from the state of a run with any number of workers: `whole` holds
  // a value for each parameter that learns.
  void Restore(const Shards& whole, int64_t n_updates);
  // The whole state, gathered from all workers onto worker 0, on the CPU;
  // undefined tensors at the others. All call it.
  Shards Gather();
  // Writes the master weights of what learns back into `precise`. All call it.
  void Extract(ParameterMap& precise);

 private:
  // What learns, in flat order: matrices (with decay) first.
  struct Slot {
    TensorId id;
    int64_t offset, size;
  };
  void LayOut(const ParameterMap& precise, ParameterMap& working,
              const torch::TensorOptions& working_options);
  // Calls with [begin, end) ranges that make up a shard, small enough to send.
  void ForEachPiece(const std::function<void(int64_t, int64_t)>& use) const;
  Tensor GatherWhole(const Tensor& shard, bool keep);
  // AdamW with gathered_ times `gradient_scale`; clears it, publishes.
  void Update(double learning_rate, double gradient_scale);
  void PublishWeights();

  const AdamWOptions options_;
  Communicator& communicator_;
  std::vector<Slot> slots_;
  int64_t n_parameters_ = 0;
  int64_t n_decayed_ = 0;
  int64_t shard_size_ = 0;
  // Parameters with decay come first: the first decayed_in_shard_ of this
  // shard.
  int64_t decayed_in_shard_ = 0;
  int64_t n_updates_ = 0;
  Tensor weights_;    // (shard_size * size), working type
  Tensor gradients_;  // the same
  Tensor gathered_;   // (shard_size) float32
  Shards shards_;
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_OPTIMIZER_H_

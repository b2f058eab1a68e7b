#ifndef LLAMBA_RUNTIME_MODEL_H_
#define LLAMBA_RUNTIME_MODEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/thread_pool.h"
#include "kernels/ops.h"
#include "model/checkpoint.h"
#include "runtime/state.h"
#include "runtime/weights.h"

namespace llamba {

struct LoadOptions {
  // The type that matrices are multiplied in: F32, F16 or BF16. Empty: as
  // stored: those three mapped, not copied; block types in panels, by
  // activations in 8 or 16 bits (Q6_K as Q8_0); what is left in F32.
  std::optional<DType> dtype;
  // 8 or 16, of the activations that panels are multiplied by; 16 takes twice
  // the products. BF16 weights are multiplied by activations rounded to bf16
  // with 8, where the processor multiplies these, and in float32 with 16.
  // Empty: 16 for a Llama, whose values above all others of a block suffer from
  // 8 (docs/quantization.md), 8 for models with Mamba-2.
  std::optional<int> activation_bits = {};
  // A name of AvailableIsas(); "" or "auto" for the best.
  std::string isa;
  // Null: the pool of the process. Must outlive the model.
  ThreadPool* pool = nullptr;
  // Sees the products of all executors of the model; ForEachMatrix (weights.h)
  // tells which is which. May be null, else must outlive the model.
  MatMulObserver* observer = nullptr;
};

// Weights ready to run, and how. Immutable: shared by any number of threads and
// states. All that changes while text is generated is a State.
class Model {
 public:
  // Maps what can be used as stored and decodes the rest, in parallel. Throws
  // Error naming path and tensor.
  static std::shared_ptr<const Model> Load(const Checkpoint& checkpoint,
                                           const LoadOptions& options = {});
  static std::shared_ptr<const Model> Load(const std::string& path,
                                           const LoadOptions& options = {});

  const ModelConfig& config() const { return *config_; }
  const Weights& weights() const { return weights_; }
  const Ops& ops() const { return ops_; }
  // Tells this model from others in saved states.
  uint64_t fingerprint() const { return fingerprint_; }

  // The state before the first token.
  State NewState() const;
  // See State::Restore.
  State RestoreState(std::span<const std::byte> bytes,
                     const std::string& where) const;

 private:
  Model(const Checkpoint& checkpoint, const LoadOptions& options);

  std::shared_ptr<const ModelConfig> config_;  // states share it
  Ops ops_;
  Weights weights_;
  uint64_t fingerprint_;
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_MODEL_H_

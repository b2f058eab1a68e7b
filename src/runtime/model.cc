#include "runtime/model.h"

namespace llamba {

std::shared_ptr<const Model> Model::Load(const Checkpoint& checkpoint,
                                         const LoadOptions& options) {
  return std::shared_ptr<const Model>(new Model(checkpoint, options));
}

std::shared_ptr<const Model> Model::Load(const std::string& path,
                                         const LoadOptions& options) {
  return Load(OpenCheckpoint(path), options);
}

Model::Model(const Checkpoint& checkpoint, const LoadOptions& options)
    : config_(std::make_shared<const ModelConfig>(checkpoint.config)),
      ops_(GetKernels(options.isa),
           options.pool != nullptr ? *options.pool : ThreadPool::Default(),
           options.observer,
           options.activation_bits.value_or(config_->IsLlama() ? 16 : 8)),
      weights_(LoadWeights(checkpoint, options.dtype, ops_.pool())),
      fingerprint_(checkpoint.Fingerprint()) {}

State Model::NewState() const { return State(config_); }

State Model::RestoreState(std::span<const std::byte> bytes,
                          const std::string& where) const {
  return State::Restore(config_, bytes, where);
}

}  // namespace llamba

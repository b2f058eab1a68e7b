#ifndef LLAMBA_MODEL_CHECKPOINT_BUILDER_H_
#define LLAMBA_MODEL_CHECKPOINT_BUILDER_H_

#include <memory>
#include <set>
#include <string>

#include "base/thread_pool.h"
#include "model/checkpoint.h"

namespace llamba {

// Finds the tensors of a config's schema in a file, checks them, and makes a
// Checkpoint. Only the readers of layouts use it.
class CheckpointBuilder {
 public:
  using Namer = FunctionRef<std::string(const TensorId&)>;

  CheckpointBuilder(std::shared_ptr<const TensorFile> file, ModelConfig config,
                    std::string layout);

  // Adds every tensor of the schema. Throws Error where one is missing, has
  // another shape (dimensions of 1 aside), or a type without numbers.
  void AddAll(Namer name);
  // The same for MLX: a matrix with `.scales` beside it is taken as groups.
  void AddAllMlx(Namer name);
  // Marks q and k as llama.cpp orders their rows (GGUF, llama).
  void InterleaveRotary();
  // Names of the file that are no part of a model, beside the schema's.
  void Ignore(const std::string& name) { used_.insert(name); }
  // Tied embeddings with a head beside them: dropped where it is the same
  // matrix, refused where it is not.
  void DropTiedHead(const std::string& head, const std::string& embedding);

  // Warns about tensors that nobody asked for.
  Checkpoint Build();

 private:
  void Add(const TensorSpec& spec, const std::string& name);
  void AddMlx(const TensorSpec& spec, const std::string& name);
  const TensorView& Require(const std::string& name, const Shape& shape);
  void CheckShape(const std::string& name, const TensorView& view,
                  const Shape& shape) const;
  void WarnUnused() const;

  Checkpoint checkpoint_;
  std::set<std::string> used_;
};

}  // namespace llamba

#endif  // LLAMBA_MODEL_CHECKPOINT_BUILDER_H_

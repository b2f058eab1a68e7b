#ifndef LLAMBA_DISTILL_TRAIN_RUN_CHECKPOINT_H_
#define LLAMBA_DISTILL_TRAIN_RUN_CHECKPOINT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "distill/train/optimizer.h"
#include "distill/train/recipe.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {

// Where a run stands: enough, with weights and optimiser, to go on as if it had
// never stopped. Data order follows from the recipe's seed and next_sequence.
struct RunPosition {
  int stage = 1;              // 1, 2, 3; 4 when all are done
  int64_t step = 0;           // updates done in the stage
  int64_t next_sequence = 0;  // of the data mixture, over the whole run
  double seconds = 0;         // trained so far
};

// A checkpoint on disk is a folder that the engine can run as it is
// (config.json, model.safetensors, the tokenizer's files, recipe.json) with,
// inside a stage, optimizer.safetensors, and run.json, which is written last.
// The folder gets its name when all of it is on the disk, so one that has a
// name is whole.
struct RunCheckpoint {
  RunPosition position;
  Recipe recipe;                                  // it was made by
  int64_t n_updates = 0;                          // of the optimiser
  std::optional<ShardedAdamW::Shards> optimizer;  // whole; inside a stage only
  ParameterMap precise;                           // float32, CPU
};

// Writes `output`/checkpoints/stage2-00000400 and removes all but the last
// `keep` of that form, and what a killed run had begun to write. Called by
// worker 0.
void WriteCheckpoint(const std::string& output, const ModelConfig& config,
                     const RunCheckpoint& checkpoint,
                     const Tokenizer& tokenizer, int keep = 2);

// The newest whole checkpoint below `output`, by its name; empty where there is
// none.
std::optional<std::string> FindCheckpoint(const std::string& output);

// Throws Error naming file and field where the student's config is another.
RunCheckpoint ReadCheckpoint(const std::string& folder,
                             const ModelConfig& config);

// For before the work: throws Error where `folder`, which need not exist, holds
// a model already.
void RefuseStudent(const std::string& folder);

// Writes what the engine needs into `folder`, which exists: config.json,
// model.safetensors (F32) and the tokenizer's files.
void WriteStudent(const std::string& folder, const ModelConfig& config,
                  const ParameterMap& parameters, const Tokenizer& tokenizer);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_RUN_CHECKPOINT_H_

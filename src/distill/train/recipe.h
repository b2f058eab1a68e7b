#ifndef LLAMBA_DISTILL_TRAIN_RECIPE_H_
#define LLAMBA_DISTILL_TRAIN_RECIPE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "distill/student/make_student.h"
#include "distill/train/optimizer.h"
#include "distill/train/schedule.h"

namespace llamba::distill {

// One stage's settings. A stage of 0 tokens is left out.
struct StageRecipe {
  static constexpr int64_t kMostBatch = int64_t{1} << 20;

  int64_t tokens = 0;
  double lr = 1e-4;  // peak
  double final_lr = 1e-8;
  double warmup = 0.1;  // shares of the steps
  double decay = 0.1;
  // Sequences an update, over all workers, kMostBatch at most.
  int64_t batch = 128;
  int64_t micro_batch = 8;  // sequences at a time on a worker
};

struct Stage3Recipe : StageRecipe {
  double temperature = 1;
  double hidden_weight = 0;  // see DistillationOptions
  double mixer_weight = 0;   // likewise
  double recall_weight = 0;  // likewise
};

struct SourceRecipe {
  static constexpr int64_t kMostCopies = 1000;

  std::vector<std::string> paths;  // shards, or folders of them
  double weight = 1;
  int64_t document_tokens = 0;  // see PackingOptions
  int64_t copies = 1;           // likewise, kMostCopies at most
};

// Data that the teacher writes itself before the run begins, into
// OUT/data/*.tokens, where a resumed run finds it. 0 tokens: none.
struct SampleRecipe {
  int64_t tokens = 0;           // one more source of data
  int64_t held_out_tokens = 0;  // to be evaluated on
  double weight = 1;            // of the source
  double temperature = 1;
  bool conversations = false;  // by the teacher's chat template
  int64_t rows = 256;          // texts written side by side
  int64_t length = 1024;       // tokens a row
};

// Everything that decides what a run computes. Defaults are the published
// settings of Llamba-1B (SPEC 5). Stored beside every checkpoint.
struct Recipe {
  std::string teacher;
  StudentOptions student;
  std::vector<SourceRecipe> data;
  SampleRecipe sample;
  std::vector<std::string> held_out;  // sets, see ParseHeldOut
  int64_t sequence_length = 2048;
  uint64_t seed = 0;
  std::string precision = "auto";  // "bf16", "f32"; auto: bf16 on a GPU
  bool recompute = false;          // activation checkpointing
  int64_t logits_rows = 2048;
  AdamWOptions optimizer;
  StageRecipe stage1, stage2;
  Stage3Recipe stage3;
  int64_t checkpoint_steps = 500;  // an update counts as one step
  int64_t evaluate_steps = 500;
  int64_t evaluate_sequences = 32;  // of all sets together
};

// The defaults, then the file `path` (JSON with comments; empty for none), then
// each "key.key=value" of `overrides` (a value is JSON, or else a string).
// Throws Error naming file or override, and key, for an unknown key, a wrong
// type or a value out of range, and lists the keys that exist there.
Recipe LoadRecipe(const std::string& path,
                  const std::vector<std::string>& overrides);

std::string RecipeToJson(const Recipe& recipe);
// The reverse, for stored recipes, those of earlier versions too.
Recipe RecipeFromJson(const std::string& json, const std::string& where);

// "stage2.lr 0.001 -> 0.002" for each setting that differs.
std::vector<std::string> RecipeDifferences(const Recipe& before,
                                           const Recipe& after);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_RECIPE_H_

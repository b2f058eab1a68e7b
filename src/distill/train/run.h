#ifndef LLAMBA_DISTILL_TRAIN_RUN_H_
#define LLAMBA_DISTILL_TRAIN_RUN_H_

#include <memory>
#include <optional>
#include <string>

#include "distill/distributed/communicator.h"
#include "distill/stages/stage.h"
#include "distill/train/recipe.h"
#include "distill/train/run_checkpoint.h"
#include "distill/train/run_data.h"
#include "distill/train/run_log.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {

struct RunOptions {
  std::string output;
  // Above 0: stop with a checkpoint after this many minutes, to be continued.
  double minutes = 0;
  // A student (folder or GGUF) to start from instead of the teacher's start.
  std::string init;
  // Go on from the newest checkpoint below `output`, where there is one.
  bool resume = false;
  torch::Device device = torch::kCPU;
};

// A distillation from its recipe to a student that the engine runs: the three
// stages in order, each with a trainer of its own settings, checkpoints, an
// evaluation and `output`/metrics.jsonl. All workers of `communicator` make one
// and call Train together.
class Run {
 public:
  // Loads teacher, data and the student (fresh, from `init`, or resumed).
  // Throws Error for whatever does not fit.
  Run(Recipe recipe, RunOptions options, Communicator& communicator);
  ~Run();

  // Trains until all stages are done (true; the student lies in `output`), or
  // until the minutes are over or a signal came (false; a checkpoint lies
  // there). A run that was done before it was resumed writes its student again.
  // Throws Error where loss or gradient are not finite.
  bool Train();

 private:
  void LoadTeacher();
  void LoadStudent();
  bool TrainStage(const StageRecipe& settings, const Stage& stage);
  // A run whose numbers have left the range cannot go on. Throws Error.
  void RefuseNotFinite(double gradient_norm, const Stage& stage) const;
  // By worker 0: student, recipe and tokenizer into `output`.
  void WriteResult();
  // OUT/report.html; a warning where it cannot be.
  void WriteOwnReport() const;
  StageLoss AccumulateBatch(const StageRecipe& settings, const Stage& stage,
                            const LayerStack& student, ShardedAdamW& optimizer);
  // Of the update that was just made.
  StepMetrics Measure(const StageRecipe& settings, const StageLoss& loss,
                      double gradient_norm, double learning_rate,
                      double seconds) const;
  // Adds an evaluation where one is due, and logs.
  void Report(const StageRecipe& settings, const LayerStack& student,
              StepMetrics metrics);
  void Save(ShardedAdamW* optimizer);
  // Of a new student, where the recipe asks for it.
  void StartMemories();
  void MeasureAllPeaks();
  // The time is over or a signal came, at any worker: all hear the same.
  bool MustStop();

  Recipe recipe_;
  RunOptions options_;
  Communicator& communicator_;
  torch::TensorOptions working_;
  std::unique_ptr<LayerStack> teacher_;
  std::optional<Tokenizer> tokenizer_;  // the teacher's, and the student's
  ModelConfig config_;                  // the student's
  ParameterMap precise_;
  RunData data_;
  RunPosition position_;
  std::optional<RunCheckpoint> resumed_;
  std::unique_ptr<RunLog> log_;  // of worker 0
  double peak_ = 0;              // operations a second of all workers' devices
  double started_ = 0;           // seconds, of a steady clock
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_RUN_H_

#ifndef LLAMBA_EVAL_ENGINE_ENGINE_SOURCE_H_
#define LLAMBA_EVAL_ENGINE_ENGINE_SOURCE_H_

#include <cstdint>
#include <memory>

#include "eval/logit_source.h"
#include "runtime/executor.h"

namespace llamba {

// The engine as a source of log-probabilities. What several requests begin with
// is read once and its state forked; passes through the layers are filled with
// pieces of many requests; logits are computed only for rows that a score
// needs.
class EngineSource : public LogitSource {
 public:
  // Past `state_bytes` of states (counted as if forks shared nothing) a pass
  // makes only the one that it cannot do without.
  static constexpr size_t kStateBytes = size_t{1} << 30;
  explicit EngineSource(std::shared_ptr<const Model> model,
                        size_t state_bytes = kStateBytes);

  void Score(std::span<const ScoreRequest> requests, ScoreSink sink,
             const ScoreProgress& progress) override;
  const ScoreUsage& usage() const override { return usage_; }

 private:
  std::shared_ptr<const Model> model_;
  Executor executor_;
  size_t state_bytes_;
  ScoreUsage usage_;
};

}  // namespace llamba

#endif  // LLAMBA_EVAL_ENGINE_ENGINE_SOURCE_H_

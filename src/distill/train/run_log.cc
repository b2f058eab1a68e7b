#include "distill/train/run_log.h"

#include "base/log.h"

namespace llamba::distill {

RunLog::RunLog(const std::string& output, int stage, int64_t step)
    : metrics_(output + "/metrics.jsonl", stage, step),
      maps_(output + "/maps.jsonl", stage, step) {}

void RunLog::BeginStage(const std::string& name, int64_t tokens, int64_t done) {
  stage_ = name;
  progress_ = std::make_unique<Progress>(
      name, "tokens", static_cast<double>(tokens), static_cast<double>(done));
}

void RunLog::Write(const StepMetrics& metrics) {
  metrics_.Append(MetricsToJson(metrics));
  if (metrics.step > 0) {
    progress_->Update(static_cast<double>(metrics.tokens),
                      fmt::format("{:.2g} % of peak  loss {:.4f}",
                                  100 * metrics.peak_share, metrics.loss));
  }
  const auto tell = [&](const std::string& of, const Evaluation& e) {
    spdlog::info(
        "{} step {}: {}: teacher perplexity {:.3f}, student {:.3f}, "
        "KL {:.4f}, top-1 agreement {:.4f}",
        stage_, metrics.step, of, e.teacher_ppl, e.student_ppl, e.kl,
        e.top1_agreement);
  };
  if (metrics.sets.size() > 1) {
    for (const auto& [name, evaluation] : metrics.sets) {
      tell("held out, " + name, evaluation);
    }
  }
  if (metrics.evaluation) tell("held out", *metrics.evaluation);
}

void RunLog::Write(const MapsSnapshot& maps, int stage, int64_t step) {
  maps_.Append(MapsToJson(maps, stage, step, maps_.empty()));
}

void RunLog::EndStage() {
  if (progress_) progress_->Finish();
}

}  // namespace llamba::distill

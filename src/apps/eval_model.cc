#include "apps/eval_model.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "apps/id_list.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "eval/engine/engine_source.h"
#include "eval/engine/trie_walk.h"
#include "generate/loaded_model.h"
#include "model/checkpoint.h"
#include "runtime/bench/measure.h"
#include "runtime/bench/stream.h"
#include "runtime/state_file.h"

namespace llamba {
namespace {

// Thrown through a LogitSource to stop it.
struct Stopped {};

// Scores with a bar that Ctrl-C ends.
std::vector<SequenceScore> ScoreWithBar(
    LogitSource& source, const std::vector<ScoreRequest>& requests,
    const std::string& label) {
  std::optional<Progress> bar;
  auto scores =
      ScoreSequences(source, requests, [&](int64_t done, int64_t total) {
        if (!bar) bar.emplace(label, "tokens", static_cast<double>(total));
        bar->Update(static_cast<double>(done));
        if (InterruptGuard::Interrupted()) throw Stopped{};
      });
  if (bar) bar->Finish();
  return scores;
}

void Describe(const LoadedModel& loaded, int64_t max_length,
              ModelReport* report) {
  const Model& model = *loaded.model();
  report->path = loaded.path();
  report->description = DescribeModel(model.config());
  report->parameters = model.config().NumParameters();
  report->weight_bytes = TotalBytes(StepMatrices(model.weights()));
  report->max_length = max_length;
  report->dtype = DTypeName(StepType(model.weights()));
  report->isa = model.ops().kernels().isa;
  report->threads = model.ops().pool().n_threads();
}

// A recurrent model has no bound of its own: without --max-length it is cut
// where its teacher is, so that the two stay comparable.
int64_t MaxLength(const EvalFlags& flags, const ModelConfig& config,
                  const std::string& path) {
  const int64_t own = config.context_length;
  if (flags.max_length) {
    if (config.HasMixer(MixerKind::kAttention) && *flags.max_length > own) {
      Fail(
          "--max-length: {}: expected {} (its context length) at most, found "
          "{}",
          path, own, *flags.max_length);
    }
    return *flags.max_length;
  }
  if (own > 0) return own;
  if (!flags.baseline.empty()) {
    const int64_t teachers =
        OpenCheckpoint(flags.baseline).config.context_length;
    if (teachers > 0) return teachers;
  }
  Fail(
      "{}: its config does not say how long its teacher's context is: give "
      "--max-length, as the teacher's max_position_embeddings",
      path);
}

std::string CostLengths(const EvalFlags& flags) {
  if (!flags.costs.empty() || flags.html.empty()) return flags.costs;
  return "0,512,1024,2048";
}

// Adds half of the time that a token of a prompt takes: measured before and
// after the work, since a machine that others use too changes meanwhile.
void MeasurePrefill(const EvalFlags& flags,
                    const std::shared_ptr<const Model>& model,
                    ModelReport* report) {
  if (CostLengths(flags).empty() || InterruptGuard::Interrupted()) return;
  constexpr int kRepeats = 3;
  Measure measure(model, kRepeats);
  const int64_t tokens =
      std::min(ModelReport::kPrefillTokens, measure.most_tokens());
  const PrefillSpeed speed = measure.Prefill(tokens);
  report->prefill_seconds_a_token +=
      speed.seconds / static_cast<double>(tokens) / 2;
}

// Speed and memory after so many tokens, as far as the model's context goes.
void MeasureCosts(const EvalFlags& flags,
                  const std::shared_ptr<const Model>& model,
                  ModelReport* report) {
  const std::string lengths = CostLengths(flags);
  if (lengths.empty()) return;
  constexpr int kRepeats = 3;
  Measure measure(model, kRepeats);
  for (const int32_t tokens : ParseIdList(lengths, "--costs")) {
    if (tokens > measure.most_depth()) break;
    if (InterruptGuard::Interrupted()) return;
    const DecodeSpeed speed = measure.Decode(tokens, 1);
    report->costs.push_back({tokens, 1 / speed.seconds, speed.state_bytes});
  }
}

}  // namespace

void EvaluateModel(const EvalFlags& flags, const std::vector<Job>& jobs,
                   const std::string& path, ModelReport* report,
                   std::string* samples) {
  ModelFlags model_flags = flags.model;
  model_flags.model = path;
  const auto loaded = OpenModel(model_flags);
  const int64_t max_length = MaxLength(flags, loaded->model()->config(), path);
  Describe(*loaded, max_length, report);
  const RequestEncoder encoder(loaded->tokenizer(), max_length,
                               std::max(loaded->max_tokens(), max_length));
  MeasurePrefill(flags, loaded->model(), report);
  EngineSource source(loaded->model());
  try {
    for (size_t i = 0; i < jobs.size(); ++i) {
      const std::vector<ScoreRequest> requests = jobs[i].requests(encoder);
      if (requests.empty()) {
        spdlog::warn("{}: left out, as {} has a context of {} tokens",
                     jobs[i].name, path, loaded->max_tokens());
        continue;
      }
      const auto scores = ScoreWithBar(
          source, requests,
          fmt::format("{} ({} of {})", jobs[i].name, i + 1, jobs.size()));
      for (TaskResult& result : jobs[i].summarize(requests, scores)) {
        if (result.context_tokens > 0) {
          result.state_bytes = static_cast<int64_t>(
              StateBytes(loaded->model()->config(),
                         static_cast<size_t>(result.context_tokens)));
        }
        report->results.push_back(std::move(result));
      }
      if (samples != nullptr && jobs[i].samples) {
        *samples += jobs[i].samples(scores);
      }
    }
  } catch (const Stopped&) {
    // The caller sees that the work was interrupted.
  }
  report->usage = source.usage();
  MeasurePrefill(flags, loaded->model(), report);
  MeasureCosts(flags, loaded->model(), report);
}

}  // namespace llamba

#include <fmt/format.h>

#include <chrono>

#include "apps/commands.h"
#include "apps/eval_flags.h"
#include "apps/eval_model.h"
#include "apps/id_list.h"
#include "apps/output.h"
#include "apps/output_path.h"
#include "apps/program.h"
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "llamba/version.h"
#include "model/checkpoint.h"

namespace llamba {
namespace {

void WriteReports(const EvalFlags& flags, const EvalReport& report,
                  const std::string& samples) {
  if (!flags.samples.empty()) WriteFileAtomically(flags.samples, samples);
  if (!flags.json.empty()) WriteFileAtomically(flags.json, ToJson(report));
  if (!flags.markdown.empty()) {
    WriteFileAtomically(flags.markdown, ToMarkdown(report));
  }
  if (!flags.html.empty()) WriteFileAtomically(flags.html, ToHtml(report));
}

// Before hours of work, not after.
void CheckFlags(const EvalFlags& flags) {
  std::vector<std::string> inputs = InputsOf(flags.model);
  inputs.insert(inputs.end(), {flags.baseline, flags.long_text});
  inputs.insert(inputs.end(), flags.texts.begin(), flags.texts.end());
  CheckOutputFiles({flags.json, flags.markdown, flags.html, flags.samples},
                   inputs);
  ParseIdList(flags.costs, "--costs");
  if (!flags.baseline.empty()) OpenCheckpoint(flags.baseline);
}

void Eval(const EvalFlags& flags) {
  CheckFlags(flags);
  const std::vector<Job> jobs = MakeJobs(flags);
  const InterruptGuard guard;
  EvalReport report;
  report.limit = flags.limit;
  report.data = flags.data;
  report.version = kVersion;
  report.date = std::chrono::duration<double>(
                    std::chrono::system_clock::now().time_since_epoch())
                    .count();
  std::string samples;
  EvaluateModel(flags, jobs, flags.model.model, &report.model,
                flags.samples.empty() ? nullptr : &samples);
  if (!flags.baseline.empty() && !InterruptGuard::Interrupted()) {
    EvaluateModel(flags, jobs, flags.baseline, &report.baseline.emplace(),
                  nullptr);
  }
  PrintText(flags.print_json ? ToJson(report) : ToText(report));
  if (InterruptGuard::Interrupted()) {
    PrintNote(report.model.results.empty()
                  ? "cancelled: nothing was finished, no file was written"
                  : "cancelled: what is above was finished; no file was "
                    "written");
    throw Exit{kInterrupted};
  }
  WriteReports(flags, report, samples);
}

}  // namespace

void AddEvalCommand(CLI::App& program) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* eval = program.add_subcommand(
      "eval",
      "Score a model on the usual benchmarks, beside its teacher\n\n"
      "Prompts, scoring and figures are those of lm-evaluation-harness. The "
      "items are read from files: docs/evaluation.md says which.");
  AddEvalFlags(*eval, *flags);
  eval->callback([flags] { Eval(*flags); });
}

}  // namespace llamba

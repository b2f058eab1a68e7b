#include <fmt/format.h>

#include "base/counted.h"
#include "base/progress.h"
#include "eval/report/format.h"
#include "eval/report/report.h"
#include "eval/report/table.h"

namespace llamba {
namespace {

std::string Indented(const TaskResult& result) {
  if (result.parent.empty()) return result.alias;
  return (result.is_group ? "- " : "  - ") + result.alias;
}

void AddRows(const TaskResult& result, const TaskResult* baseline,
             Table* table) {
  bool first = true;
  for (const Figure& figure : result.figures) {
    std::vector<std::string> row = {
        first ? Indented(result) : "", figure.name,
        first ? fmt::format("{}", result.items) : "",
        first ? fmt::format("{}", result.shots) : "", WithError(figure)};
    const Figure* other =
        baseline == nullptr ? nullptr : baseline->Find(figure.name);
    row.push_back(other == nullptr ? "" : WithError(*other));
    const auto retention =
        other == nullptr ? std::nullopt : RetentionOf(figure, *other);
    row.push_back(retention ? Percent(retention->plain) : "");
    row.push_back(retention && retention->over_chance
                      ? Percent(*retention->over_chance)
                      : "");
    row.push_back(first ? Memory(&result) : "");
    row.push_back(first ? Memory(baseline) : "");
    table->Add(std::move(row));
    first = false;
  }
}

Table ResultTable(const EvalReport& report) {
  Table table({"task", "figure", "n", "shots", "score", "baseline", "kept",
               "kept over chance", "state", "baseline's"},
              2);
  for (const TaskResult& result : report.model.results) {
    AddRows(result,
            report.baseline ? FindResult(report.baseline->results, result.name)
                            : nullptr,
            &table);
  }
  return table;
}

std::string OverallLine(const EvalReport& report) {
  if (!report.baseline) return "";
  const auto overall = OverallOf(report.model, *report.baseline);
  if (!overall) return "";
  std::string line =
      fmt::format("Overall, {}: mean {:.4f} of the baseline's {:.4f}: {} kept",
                  Counted(overall->tasks, "task"), overall->student,
                  overall->teacher, Percent(overall->retention.plain));
  if (overall->retention.over_chance) {
    line += fmt::format("; over chance, {}: {}",
                        Counted(overall->tasks_above_chance, "task"),
                        Percent(*overall->retention.over_chance));
  }
  return line + "\n";
}

std::string UsageLine(const ModelReport& model) {
  const ScoreUsage& usage = model.usage;
  if (usage.tokens_run == 0) return "";
  const auto run = static_cast<double>(usage.tokens_run);
  std::string line = fmt::format(
      "{}: {} run in {} ({:.0f}/s), {:.2f} times fewer than from "
      "scratch; {} read a token, states {} at most\n",
      model.path, Counted(usage.tokens_run, "token"),
      DurationString(usage.seconds),
      usage.seconds > 0 ? run / usage.seconds : 0,
      static_cast<double>(usage.tokens_from_scratch) / run,
      BytesString(static_cast<uint64_t>(model.weight_bytes)),
      BytesString(usage.peak_state_bytes));
  if (const double over = OverPrefill(model); over > 0) {
    line += fmt::format(
        "{}: a prompt is read at {:.0f} tokens/s; scoring took {:.2f} times "
        "what its tokens take so\n",
        model.path, 1 / model.prefill_seconds_a_token, over);
  }
  return line;
}

std::string HeadLine(const EvalReport& report) {
  const ModelReport& model = report.model;
  std::string line = fmt::format(
      "{}: {}, matrices in {}, {}, {}, at most {} at a time", model.path,
      model.description, model.dtype, model.isa,
      Counted(model.threads, "thread"), Counted(model.max_length, "token"));
  if (report.limit) line += ", " + Counted(*report.limit, "item") + " a task";
  if (report.baseline) {
    line += fmt::format("\nbaseline {}: {}", report.baseline->path,
                        report.baseline->description);
  }
  return line + "\n";
}

void AddCost(const ModelReport* model, size_t i,
             std::vector<std::string>* row) {
  const bool measured = model != nullptr && i < model->costs.size();
  const ContextCost cost = measured ? model->costs[i] : ContextCost{};
  row->push_back(measured ? RateString(cost.decode_tokens_per_second) : "");
  row->push_back(measured ? BytesString(static_cast<uint64_t>(cost.state_bytes))
                          : "");
}

// Both models are measured at the same lengths, each as far as it goes.
Table CostTable(const EvalReport& report) {
  Table table({"after tokens", "tokens/s", "state", "baseline's tokens/s",
               "baseline's state"},
              0);
  const ModelReport* baseline = report.baseline ? &*report.baseline : nullptr;
  for (size_t i = 0; i < report.model.costs.size(); ++i) {
    std::vector<std::string> row = {
        fmt::format("{}", report.model.costs[i].tokens)};
    AddCost(&report.model, i, &row);
    AddCost(baseline, i, &row);
    table.Add(std::move(row));
  }
  return table;
}

std::string TailLines(const EvalReport& report) {
  std::string lines = UsageLine(report.model);
  if (report.baseline) lines += UsageLine(*report.baseline);
  return lines;
}

}  // namespace

std::string ToText(const EvalReport& report) {
  std::string out = HeadLine(report) + "\n";
  if (!report.model.results.empty()) out += ResultTable(report).ToText() + "\n";
  if (!report.model.costs.empty()) out += CostTable(report).ToText() + "\n";
  return out + OverallLine(report) + TailLines(report);
}

std::string ToMarkdown(const EvalReport& report) {
  std::string out = HeadLine(report) + "\n";
  if (!report.model.results.empty()) {
    out += ResultTable(report).ToMarkdown() + "\n";
  }
  if (!report.model.costs.empty()) out += CostTable(report).ToMarkdown() + "\n";
  return out + OverallLine(report) + "\n" + TailLines(report);
}

}  // namespace llamba

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/counted.h"
#include "base/progress.h"
#include "eval/report/format.h"
#include "eval/report/html.h"
#include "eval/report/html_charts.h"
#include "eval/report/report.h"

namespace llamba {
namespace {

constexpr const char* kStyle = R"css(
:root { --page: #fbfaf7; --ink: #23221f; --faint: #77736a; --rule: #dedad0;
        --model: #0f766e; --baseline: #b9b2a3; --chance: #c2410c; }
@media (prefers-color-scheme: dark) {
  :root { --page: #191a1b; --ink: #e9e6df; --faint: #98948a; --rule: #35363a;
          --model: #2dd4bf; --baseline: #6b675e; --chance: #fb923c; } }
body { background: var(--page); color: var(--ink); margin: 0 auto;
       max-width: 60rem; padding: 2rem 1.25rem 4rem;
       font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
p.note, caption { color: var(--faint); font-size: .9rem; }
.big { display: flex; flex-wrap: wrap; gap: 2rem; margin: 1.4rem 0; }
.big div { min-width: 8rem; } .big b { display: block; font-size: 1.9rem;
  font-weight: 600; color: var(--model); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { padding: .3rem .6rem; white-space: nowrap; font-size: .9rem; border-bottom: 1px solid var(--rule);
         text-align: right; font-variant-numeric: tabular-nums; }
th { color: var(--faint); font-weight: 500; } th:first-child, td:first-child,
th:nth-child(2), td:nth-child(2) { text-align: left; }
td.in1 { padding-left: 1.4rem; }
td.in2 { padding-left: 2.4rem; color: var(--faint); }
svg { width: 100%; height: auto; max-width: 44rem; font-size: 12px; }
.bars svg { min-width: 34rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr));
        gap: 1.5rem; }
svg text { fill: var(--ink); } .grid { stroke: var(--rule); }
.whisker { stroke: var(--ink); stroke-width: 1.5; opacity: .6; }
.chance { stroke: var(--chance); stroke-dasharray: 3 2; stroke-width: 1.5; }
.model { fill: var(--model); stroke: var(--model); } .baseline { fill: var(--baseline);
  stroke: var(--baseline); } .line { fill: none; stroke-width: 2; }
)css";

std::string Cell(const std::string& text, const char* tag = "td") {
  return fmt::format("<{0}>{1}</{0}>", tag, html::Escape(text));
}

const Figure* InBaseline(const EvalReport& report, const TaskResult& result,
                         const std::string& figure) {
  if (!report.baseline) return nullptr;
  const TaskResult* other = FindResult(report.baseline->results, result.name);
  return other == nullptr ? nullptr : other->Find(figure);
}

// Large figures at the top: what a reader came for.
std::string Summary(const EvalReport& report) {
  std::string out = "<div class=\"big\">";
  const auto add = [&](const std::string& value, const std::string& what) {
    out += fmt::format("<div><b>{}</b>{}</div>", html::Escape(value),
                       html::Escape(what));
  };
  if (report.baseline) {
    if (const auto overall = OverallOf(report.model, *report.baseline)) {
      add(Percent(overall->retention.plain), "of the baseline's scores kept");
      if (overall->retention.over_chance) {
        add(Percent(*overall->retention.over_chance), "of them over chance");
      }
    }
  }
  add(BytesString(static_cast<uint64_t>(report.model.weight_bytes)),
      "read a token");
  if (report.model.usage.seconds > 0) {
    add(fmt::format("{:.0f}",
                    static_cast<double>(report.model.usage.tokens_run) /
                        report.model.usage.seconds),
        "tokens/s scored");
  }
  return out + "</div>";
}

std::string ScoreChart(const EvalReport& report) {
  std::vector<html::Bar> bars;
  for (const TaskResult& result : report.model.results) {
    const bool counts = result.parent.empty() && result.is_benchmark;
    const Figure* figure = counts ? Headline(result) : nullptr;
    if (figure == nullptr || !std::isfinite(figure->value)) continue;
    html::Bar bar{result.alias, figure->value, figure->error,
                  std::nullopt, std::nullopt,  figure->chance};
    if (const Figure* other = InBaseline(report, result, figure->name)) {
      bar.baseline = other->value;
      bar.baseline_error = other->error;
    }
    bars.push_back(std::move(bar));
  }
  if (bars.empty()) return "";
  const char* key = report.baseline
                        ? "Broad bars: this model; thin ones: the baseline. "
                        : "";
  return fmt::format(
      "<h2>Scores</h2><p class=\"note\">{}Lines across the ends of bars: one "
      "standard error; dashed: what guessing yields.</p><div class=\"scroll "
      "bars\">{}</div>",
      key, html::Bars(bars));
}

bool HasMemory(const EvalReport& report) {
  const auto& results = report.model.results;
  return std::any_of(
      results.begin(), results.end(),
      [](const TaskResult& result) { return result.context_tokens > 0; });
}

std::string RowOf(const EvalReport& report, const TaskResult& result,
                  const Figure& figure) {
  const bool first = &figure == &result.figures.front();
  const char* depth = result.parent.empty() ? "in0"
                      : result.is_group     ? "in1"
                                            : "in2";
  std::string row = fmt::format("<tr><td class=\"{}\">{}</td>", depth,
                                first ? html::Escape(result.alias) : "");
  row += Cell(figure.name) +
         Cell(first ? fmt::format("{}", result.items) : "") +
         Cell(WithError(figure));
  if (HasMemory(report)) row += Cell(first ? Memory(&result) : "");
  if (report.baseline) {
    const Figure* other = InBaseline(report, result, figure.name);
    const auto kept =
        other == nullptr ? std::nullopt : RetentionOf(figure, *other);
    row += Cell(other == nullptr ? "" : WithError(*other));
    if (HasMemory(report)) {
      const auto& theirs = report.baseline->results;
      row += Cell(first ? Memory(FindResult(theirs, result.name)) : "");
    }
    row += Cell(kept ? Percent(kept->plain) : "");
    row += Cell(kept && kept->over_chance ? Percent(*kept->over_chance) : "");
  }
  return row + "</tr>";
}

std::string ResultTable(const EvalReport& report) {
  std::string out = "<h2>All figures</h2><div class=\"scroll\"><table><tr>";
  std::vector<const char*> names = {"task", "figure", "n", "score"};
  if (HasMemory(report)) names.push_back("state");
  if (report.baseline) {
    names.push_back("baseline");
    if (HasMemory(report)) names.push_back("its state");
    names.insert(names.end(), {"kept", "kept over chance"});
  }
  for (const char* name : names) out += Cell(name, "th");
  out += "</tr>";
  for (const TaskResult& result : report.model.results) {
    for (const Figure& figure : result.figures) {
      out += RowOf(report, result, figure);
    }
  }
  return out + "</table></div>";
}

std::string Describe(const ModelReport& model) {
  return html::Escape(
      fmt::format("{}: {}, {} parameters, {}, {} ({}), cut at {}", model.path,
                  model.description, Count(model.parameters), model.dtype,
                  Counted(model.threads, "thread"), model.isa,
                  Counted(model.max_length, "token")));
}

}  // namespace

std::string ToHtml(const EvalReport& report) {
  const auto date = static_cast<std::time_t>(report.date);
  std::string out =
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>" +
      html::Escape(report.model.path) + "</title><style>" + kStyle +
      "</style></head><body><h1>" + html::Escape(report.model.path) +
      "</h1><p class=\"note\">" + Describe(report.model);
  if (report.baseline) {
    out += "<br>beside " + Describe(*report.baseline);
  }
  if (report.limit) {
    out += fmt::format("<br>the first {} of each task",
                       Counted(*report.limit, "item"));
  }
  out += fmt::format("<br>llamba {}, {:%Y-%m-%d}</p>",
                     html::Escape(report.version), fmt::gmtime(date));
  return out + Summary(report) + ScoreChart(report) + CostCharts(report) +
         LongContextCharts(report) + ResultTable(report) + "</body></html>\n";
}

}  // namespace llamba

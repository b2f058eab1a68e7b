#include "eval/report/html_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/progress.h"
#include "eval/report/html.h"

namespace llamba {
namespace {

using Points = std::vector<std::pair<double, double>>;

// The baseline's line, then the model's above it.
std::vector<html::Series> BothSeries(
    const EvalReport& report,
    const std::function<Points(const ModelReport&)>& points) {
  std::vector<html::Series> series;
  if (report.baseline) {
    series.push_back(
        {report.baseline->path, "baseline", points(*report.baseline)});
  }
  series.push_back({report.model.path, "model", points(report.model)});
  return series;
}

std::string Bytes(double value) {
  return BytesString(static_cast<uint64_t>(value));
}

std::string Chart(const html::LineChart& chart) {
  return "<div>" + html::Lines(chart) + "</div>";
}

std::string Section(const EvalReport& report, const std::string& title,
                    const std::string& charts) {
  const std::string note =
      report.baseline ? "<p class=\"note\">Coloured: this model; grey: the "
                        "baseline, as far as its context goes.</p>"
                      : "";
  return "<h2>" + title + "</h2>" + note + "<div class=\"pair\">" + charts +
         "</div>";
}

std::vector<html::Series> CostSeries(const EvalReport& report,
                                     double (*value)(const ContextCost&)) {
  return BothSeries(report, [&](const ModelReport& model) {
    Points points;
    for (const ContextCost& cost : model.costs) {
      points.emplace_back(static_cast<double>(cost.tokens), value(cost));
    }
    return points;
  });
}

// Over the lengths that the parts of `group` were measured at.
std::vector<html::Series> LengthSeries(
    const EvalReport& report, const std::string& group,
    const std::function<double(const TaskResult&)>& value) {
  return BothSeries(report, [&](const ModelReport& model) {
    Points points;
    for (const TaskResult& result : model.results) {
      if (result.parent != group || result.context_tokens == 0) continue;
      points.emplace_back(static_cast<double>(result.context_tokens),
                          value(result));
    }
    return points;
  });
}

std::string FigureChart(const EvalReport& report, const std::string& group,
                        const std::string& title, const std::string& figure,
                        std::string (*format)(double)) {
  const TaskResult* whole = FindResult(report.model.results, group);
  if (whole == nullptr) return "";
  const auto series = LengthSeries(
      report, group,
      [&](const TaskResult& result) { return result.Find(figure)->value; });
  // What can be guessed is a share.
  const auto chance = whole->Find(figure)->chance;
  const auto most = chance ? std::optional(1.0) : std::nullopt;
  return Chart({title, series, format, true, chance, most});
}

std::string MemoryChart(const EvalReport& report) {
  for (const char* group : {"kv", "needle", "position"}) {
    if (FindResult(report.model.results, group) == nullptr) continue;
    const auto series =
        LengthSeries(report, group, [](const TaskResult& result) {
          return static_cast<double>(result.state_bytes);
        });
    return Chart({"memory of one sequence", series, Bytes, true, {}, {}});
  }
  return "";
}

}  // namespace

std::string CostCharts(const EvalReport& report) {
  if (report.model.costs.empty()) return "";
  const auto speed = CostSeries(
      report, [](const ContextCost& c) { return c.decode_tokens_per_second; });
  const auto memory = CostSeries(report, [](const ContextCost& c) {
    return static_cast<double>(c.state_bytes);
  });
  return Section(
      report, "Speed and memory against context",
      Chart({"tokens written a second",
             speed,
             [](double v) {
               return fmt::format("{:.{}f}/s", v, v < 100 ? 1 : 0);
             },
             false,
             {},
             {}}) +
          Chart({"memory of one sequence", memory, Bytes, false, {}, {}}));
}

std::string LongContextCharts(const EvalReport& report) {
  const auto share = [](double v) { return fmt::format("{:.2f}", v); };
  const std::string charts =
      FigureChart(report, "kv", "facts found among others like them", "acc",
                  share) +
      FigureChart(report, "needle", "facts found in a text", "acc", share) +
      FigureChart(report, "position", "perplexity by position",
                  "token_perplexity", share) +
      MemoryChart(report);
  if (charts.empty()) return "";
  return Section(report, "Long contexts", charts);
}

}  // namespace llamba

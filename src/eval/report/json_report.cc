#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "eval/report/format.h"
#include "eval/report/report.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

// The harness' files carry a filter's name behind each metric's; all of these
// tasks are unfiltered.
constexpr const char* kFilter = ",none";

Json Number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json FiguresOf(const TaskResult& result) {
  Json json = {{"alias", result.alias}, {"name", result.name}};
  json["sample_len"] = result.items;
  if (result.context_tokens > 0) {
    json["context_tokens"] = result.context_tokens;
    json["state_bytes"] = result.state_bytes;
  }
  for (const Figure& figure : result.figures) {
    json[figure.name + kFilter] = Number(figure.value);
    // "N/A" is the harness' own word for it.
    json[figure.name + "_stderr" + kFilter] =
        figure.error && std::isfinite(*figure.error) ? Json(*figure.error)
                                                     : Json("N/A");
  }
  return json;
}

Json HigherIsBetter(const TaskResult& result) {
  Json json = Json::object();
  for (const Figure& figure : result.figures) {
    json[figure.name] = figure.higher_is_better;
  }
  return json;
}

// results, groups and what the harness says of each task.
void AddResults(const ModelReport& model, Json* json) {
  Json& to = *json;
  for (const char* key : {"results", "groups", "group_subtasks", "versions",
                          "n-shot", "higher_is_better", "n-samples"}) {
    to[key] = Json::object();
  }
  for (const TaskResult& result : model.results) {
    to["results"][result.name] = FiguresOf(result);
    to["higher_is_better"][result.name] = HigherIsBetter(result);
    to["n-shot"][result.name] = result.shots;
    if (!result.parent.empty()) {
      to["group_subtasks"][result.parent].push_back(result.name);
    }
    if (result.is_group) {
      to["groups"][result.name] = FiguresOf(result);
    } else {
      to["n-samples"][result.name] = {{"original", result.available},
                                      {"effective", result.items}};
    }
  }
  if (to["groups"].empty()) to.erase("groups");
}

Json UsageOf(const ScoreUsage& usage) {
  return {{"tokens_run", usage.tokens_run},
          {"tokens_from_scratch", usage.tokens_from_scratch},
          {"seconds", usage.seconds},
          {"peak_state_bytes", usage.peak_state_bytes}};
}

Json ModelOf(const ModelReport& model) {
  Json json = {{"model", model.path},
               {"description", model.description},
               {"parameters", model.parameters},
               {"dtype", model.dtype},
               {"isa", model.isa},
               {"threads", model.threads},
               {"max_length", model.max_length},
               {"usage", UsageOf(model.usage)}};
  if (model.prefill_seconds_a_token > 0) {
    json["prefill_tokens_per_second"] = 1 / model.prefill_seconds_a_token;
    json["usage"]["seconds_over_prefill"] = OverPrefill(model);
  }
  for (const ContextCost& cost : model.costs) {
    json["costs"].push_back(
        {{"tokens", cost.tokens},
         {"decode_tokens_per_second", cost.decode_tokens_per_second},
         {"state_bytes", cost.state_bytes}});
  }
  return json;
}

Json RetentionJson(const Retention& retention) {
  Json json = {{"plain", Number(retention.plain)}};
  if (retention.over_chance) {
    json["over_chance"] = Number(*retention.over_chance);
  }
  return json;
}

Json RetentionsOf(const ModelReport& model, const ModelReport& baseline) {
  Json json = Json::object();
  for (const TaskResult& result : model.results) {
    const TaskResult* other = FindResult(baseline.results, result.name);
    if (other == nullptr) continue;
    for (const Figure& figure : result.figures) {
      const Figure* theirs = other->Find(figure.name);
      if (theirs == nullptr) continue;
      const auto retention = RetentionOf(figure, *theirs);
      if (retention) {
        json[result.name][figure.name] = RetentionJson(*retention);
      }
    }
  }
  if (const auto overall = OverallOf(model, baseline)) {
    json["overall"] = RetentionJson(overall->retention);
    json["overall"]["tasks"] = overall->tasks;
    json["overall"]["tasks_above_chance"] = overall->tasks_above_chance;
  }
  return json;
}

}  // namespace

std::string ToJson(const EvalReport& report) {
  Json json;
  AddResults(report.model, &json);
  json["config"] = {
      {"model", "llamba"},
      {"model_args",
       {{"pretrained", report.model.path},
        {"dtype", report.model.dtype},
        {"max_length", report.model.max_length}}},
      {"limit", report.limit ? Json(*report.limit) : Json(nullptr)}};
  json["date"] = report.date;
  json["max_length"] = report.model.max_length;
  json["llamba"] = {{"version", report.version}, {"data", report.data}};
  json["llamba"]["model"] = ModelOf(report.model);
  if (report.baseline) {
    Json& baseline = json["llamba"]["baseline"];
    baseline = ModelOf(*report.baseline);
    AddResults(*report.baseline, &baseline);
    json["llamba"]["retention"] = RetentionsOf(report.model, *report.baseline);
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace llamba

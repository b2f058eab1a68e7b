#include "distill/train/metrics.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "checkpoint/json_error.h"

namespace llamba::distill {
namespace {

using Json = nlohmann::ordered_json;

Json EvaluationToJson(const Evaluation& e) {
  return {{"teacher_ppl", e.teacher_ppl},
          {"student_ppl", e.student_ppl},
          {"kl", e.kl},
          {"top1_agreement", e.top1_agreement},
          {"tokens", e.n_tokens}};
}

Json SetsToJson(const std::vector<SetEvaluation>& sets) {
  Json json = Json::array();
  for (const auto& [name, evaluation] : sets) {
    json.push_back({{"name", name}});
    json.back().update(EvaluationToJson(evaluation));
  }
  return json;
}

Evaluation EvaluationFromJson(const Json& json) {
  return {json.at("teacher_ppl"), json.at("student_ppl"), json.at("kl"),
          json.at("top1_agreement"), json.at("tokens")};
}

StepMetrics FromJson(const Json& json) {
  StepMetrics m;
  m.stage = json.at("stage");
  m.step = json.at("step");
  m.tokens = json.at("tokens");
  // A loss that was not finite is null in JSON.
  const auto loss = json.find("loss");
  m.loss = loss != json.end() && loss->is_number() ? loss->get<double>() : NAN;
  m.gradient_norm = json.value("gradient_norm", 0.0);
  m.learning_rate = json.value("learning_rate", 0.0);
  m.tokens_per_second = json.value("tokens_per_second", 0.0);
  m.peak_share = json.value("peak_share", 0.0);
  m.per_layer = json.value("per_layer", std::vector<double>());
  if (json.contains("kl")) m.kl = json["kl"];
  if (json.contains("top1")) m.top1 = json["top1"];
  if (json.contains("evaluation")) {
    const Json& e = json["evaluation"];
    m.evaluation = EvaluationFromJson(e);
    for (const Json& set : e.value("sets", Json::array())) {
      m.sets.push_back({set.at("name"), EvaluationFromJson(set)});
    }
  }
  return m;
}

}  // namespace

std::string MetricsToJson(const StepMetrics& m) {
  Json json{{"stage", m.stage}, {"step", m.step}, {"tokens", m.tokens}};
  if (m.step > 0) {
    json["loss"] = m.loss;
    json["gradient_norm"] = m.gradient_norm;
    json["learning_rate"] = m.learning_rate;
    json["tokens_per_second"] = m.tokens_per_second;
    json["peak_share"] = m.peak_share;
  }
  if (!m.per_layer.empty()) json["per_layer"] = m.per_layer;
  if (m.kl) json["kl"] = *m.kl;
  if (m.top1) json["top1"] = *m.top1;
  if (m.evaluation) {
    json["evaluation"] = EvaluationToJson(*m.evaluation);
    if (m.sets.size() > 1) json["evaluation"]["sets"] = SetsToJson(m.sets);
  }
  return json.dump();
}

std::vector<StepMetrics> ReadMetrics(const std::string& path) {
  std::vector<StepMetrics> all;
  std::istringstream lines(ReadFile(path));
  std::string line;
  for (int64_t number = 1; std::getline(lines, line); ++number) {
    // A run that was killed may have left half a line at the end.
    const Json json = Json::parse(line, LimitJsonDepth(path), false);
    if (!json.is_object()) continue;
    try {
      all.push_back(FromJson(json));
    } catch (const nlohmann::json::exception& e) {
      Fail("{}: line {}: {}", path, number, JsonReason(e));
    }
  }
  return all;
}

}  // namespace llamba::distill

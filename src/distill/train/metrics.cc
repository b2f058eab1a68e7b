#include "distill/train/metrics.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "base/error.h"
#include "base/file.h"

namespace llamba::distill {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const StepMetrics& m) {
  Json json{{"stage", m.stage},
            {"step", m.step},
            {"tokens", m.tokens},
            {"loss", m.loss},
            {"gradient_norm", m.gradient_norm},
            {"learning_rate", m.learning_rate},
            {"tokens_per_second", m.tokens_per_second}};
  if (!m.per_layer.empty()) json["per_layer"] = m.per_layer;
  if (m.kl) json["kl"] = *m.kl;
  if (m.top1) json["top1"] = *m.top1;
  if (m.evaluation) {
    json["evaluation"] = {{"teacher_ppl", m.evaluation->teacher_ppl},
                          {"student_ppl", m.evaluation->student_ppl},
                          {"kl", m.evaluation->kl},
                          {"top1_agreement", m.evaluation->top1_agreement},
                          {"tokens", m.evaluation->n_tokens}};
  }
  return json;
}

StepMetrics FromJson(const Json& json) {
  StepMetrics m;
  m.stage = json.at("stage");
  m.step = json.at("step");
  m.tokens = json.at("tokens");
  // A loss that was not finite is null in JSON.
  m.loss = json.at("loss").is_null() ? NAN : json.at("loss").get<double>();
  m.gradient_norm = json.value("gradient_norm", 0.0);
  m.learning_rate = json.value("learning_rate", 0.0);
  m.tokens_per_second = json.value("tokens_per_second", 0.0);
  m.per_layer = json.value("per_layer", std::vector<double>());
  if (json.contains("kl")) m.kl = json["kl"];
  if (json.contains("top1")) m.top1 = json["top1"];
  if (json.contains("evaluation")) {
    const Json& e = json["evaluation"];
    m.evaluation = {e.at("teacher_ppl"), e.at("student_ppl"), e.at("kl"),
                    e.at("top1_agreement"), e.at("tokens")};
  }
  return m;
}

}  // namespace

MetricsLog::MetricsLog(std::string path, int stage, int64_t step)
    : path_(std::move(path)) {
  if (!FileExists(path_)) return;
  std::string kept;
  for (const StepMetrics& m : ReadMetrics(path_)) {
    if (std::tuple(m.stage, m.step) <= std::tuple(stage, step)) {
      kept += ToJson(m).dump() + "\n";
    }
  }
  WriteFileAtomically(path_, kept);
}

void MetricsLog::Write(const StepMetrics& metrics) {
  std::FILE* file = std::fopen(path_.c_str(), "a");
  if (file == nullptr) Fail("{}: cannot append", path_);
  fmt::print(file, "{}\n", ToJson(metrics).dump());
  if (std::fclose(file) != 0) Fail("{}: cannot write", path_);
}

std::vector<StepMetrics> ReadMetrics(const std::string& path) {
  std::vector<StepMetrics> all;
  std::istringstream lines(ReadFile(path));
  std::string line;
  while (std::getline(lines, line)) {
    // A run that was killed may have left half a line at the end.
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_object()) all.push_back(FromJson(json));
  }
  return all;
}

}  // namespace llamba::distill

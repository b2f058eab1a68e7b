#include "distill/report/report.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"
#include "base/progress.h"
#include "checkpoint/json_error.h"
#include "distill/report/series.h"
#include "distill/train/metrics.h"

namespace llamba::distill {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kPoints = 240;

// Updates by stage, evaluations over all, and the sums that tiles show.
struct Told {
  Json stages = Json::array(), evaluations = Json::array();
  int64_t tokens = 0;
  double seconds = 0;
};

Json Figures(const Evaluation& e) {
  return {{"teacher_ppl", e.teacher_ppl},
          {"student_ppl", e.student_ppl},
          {"kl", e.kl},
          {"top1", e.top1_agreement}};
}

void AddEvaluation(Told& told, const StepMetrics& m, int64_t before) {
  if (!m.evaluation) return;
  Json entry{
      {"stage", m.stage}, {"step", m.step}, {"tokens", before + m.tokens}};
  entry.update(Figures(*m.evaluation));
  for (const auto& [name, evaluation] : m.sets) {
    Json set{{"name", name}};
    set.update(Figures(evaluation));
    entry["sets"].push_back(std::move(set));
  }
  told.evaluations.push_back(std::move(entry));
}

Told Tell(const std::vector<StepMetrics>& metrics) {
  Told told;
  for (int stage = 1; stage <= 3; ++stage) {
    std::vector<StepMetrics> updates;
    int64_t tokens = 0;
    for (const StepMetrics& m : metrics) {
      if (m.stage != stage) continue;
      AddEvaluation(told, m, told.tokens);
      if (m.step == 0) continue;
      if (m.tokens_per_second > 0) {
        told.seconds +=
            static_cast<double>(m.tokens - tokens) / m.tokens_per_second;
      }
      tokens = m.tokens;
      updates.push_back(m);
    }
    if (updates.empty()) continue;
    told.stages.push_back(StageSeries(updates, told.tokens, kPoints));
    told.tokens += tokens;
  }
  return told;
}

std::vector<Json> ReadLines(const std::string& path) {
  std::vector<Json> out;
  if (!FileExists(path)) return out;
  std::istringstream lines(ReadFile(path));
  std::string line;
  while (std::getline(lines, line)) {
    Json json = Json::parse(line, LimitJsonDepth(path), false);
    if (json.is_object()) out.push_back(std::move(json));
  }
  return out;
}

// The start and each stage's last.
Json SomeMaps(const std::string& path) {
  const std::vector<Json> lines = ReadLines(path);
  if (lines.empty()) return {};
  try {
    Json out{{"n_tokens", lines[0].at("n_tokens")},
             {"size", lines[0].at("size")},
             {"heads", lines[0].at("heads")},
             {"shots", Json::array()}};
    for (size_t i = 0; i < lines.size(); ++i) {
      const int64_t stage = lines[i].at("stage"), step = lines[i].at("step");
      const bool is_last =
          i + 1 == lines.size() || lines[i + 1].at("stage") != stage;
      if (step != 0 && !is_last) continue;
      Json shot{{"name", step == 0
                             ? "start"
                             : fmt::format("stage {}, step {}", stage, step)}};
      for (const Json& head : lines[i].at("heads")) {
        shot["cells"].push_back(head.at("student"));
      }
      out["shots"].push_back(std::move(shot));
    }
    for (Json& head : out["heads"]) head.erase("student");
    return out;
  } catch (const nlohmann::json::exception& e) {
    Fail("{}: {}", path, JsonReason(e));
  }
}

// What the recipe says of the student, in a sentence.
std::string Lead(const Json& recipe) {
  if (!recipe.is_object() || !recipe.contains("student")) return "";
  const Json& student = recipe["student"];
  std::string kept;
  for (const Json& layer : student.value("keep_attention", Json::array())) {
    kept += (kept.empty() ? "" : ", ") + layer.dump();
  }
  return fmt::format(
      "MOHAWK in three stages on sequences of {} tokens; {}, state size {}.",
      recipe.value("sequence_length", int64_t{0}),
      kept.empty() ? "all layers recurrent"
                   : "layers " + kept + " stay attention",
      student.value("d_state", int64_t{0}));
}

std::string Title(const Json& recipe, const std::string& run) {
  std::string teacher;
  if (recipe.is_object()) teacher = recipe.value("teacher", "");
  const auto last = [](std::string path) {
    while (path.ends_with('/')) path.pop_back();
    return std::filesystem::path(path).filename().string();
  };
  return teacher.empty() ? "Distillation: " + last(run)
                         : last(teacher) + " to a Llamba";
}

// What its recipe, if it is there, says of a run.
Json Introduction(const std::string& run) {
  const std::string path = run + "/recipe.json";
  try {
    Json recipe;
    if (FileExists(path)) {
      recipe = Json::parse(ReadFile(path), LimitJsonDepth(path));
    }
    return {{"title", Title(recipe, run)},
            {"lead", Lead(recipe)},
            {"recipe", recipe}};
  } catch (const nlohmann::json::exception& e) {
    Fail("{}: {}", path, JsonReason(e));
  }
}

}  // namespace

std::string RenderReport(const std::string& run) {
  const std::string path = run + "/metrics.jsonl";
  const Told told = Tell(ReadMetrics(path));
  if (told.stages.empty()) Fail("{}: no update is logged here", path);
  Json data = Introduction(run);
  data.update({{"tokens", told.tokens},
               {"duration", DurationString(told.seconds)},
               {"stages", told.stages},
               {"evaluations", told.evaluations},
               {"maps", SomeMaps(run + "/maps.jsonl")}});
  std::string json =
      data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  // No text in the data can end the element that holds them.
  for (size_t at = 0; (at = json.find('<', at)) != std::string::npos;) {
    json.replace(at, 1, "\\u003c");
  }
  constexpr std::string_view kHole = "{{data}}";
  std::string page(kReportPage);
  return page.replace(page.find(kHole), kHole.size(), json);
}

void WriteReport(const std::string& run, const std::string& path) {
  WriteFileAtomically(path, RenderReport(run));
}

}  // namespace llamba::distill

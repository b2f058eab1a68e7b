#include "distill/train/step_log.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

#include "base/error.h"
#include "base/file.h"
#include "base/json_depth.h"

namespace llamba::distill {
namespace {

using Json = nlohmann::json;

bool IsUntil(const std::string& line, const std::string& path, int stage,
             int64_t step) {
  const Json json = Json::parse(line, LimitJsonDepth(path), false);
  if (!json.is_object()) return false;
  return std::tuple(json.value("stage", 1), json.value("step", int64_t{0})) <=
         std::tuple(stage, step);
}

}  // namespace

StepLog::StepLog(std::string path, int stage, int64_t step)
    : path_(std::move(path)) {
  if (!FileExists(path_)) return;
  std::istringstream lines(ReadFile(path_));
  std::string line, kept;
  while (std::getline(lines, line)) {
    if (IsUntil(line, path_, stage, step)) kept += line + "\n";
  }
  WriteFileAtomically(path_, kept);
  empty_ = kept.empty();
}

void StepLog::Append(const std::string& line) {
  std::FILE* file = std::fopen(path_.c_str(), "a");
  if (file == nullptr) Fail("{}: cannot append", path_);
  fmt::print(file, "{}\n", line);
  if (std::fclose(file) != 0) Fail("{}: cannot write", path_);
  empty_ = false;
}

}  // namespace llamba::distill

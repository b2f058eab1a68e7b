#ifndef LLAMBA_APPS_EVAL_FLAGS_H_
#define LLAMBA_APPS_EVAL_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/flags.h"
#include "eval/run_task.h"

namespace llamba {

struct EvalFlags {
  ModelFlags model;
  std::string tasks, data;
  std::optional<int64_t> limit, max_length;
  int shots = 0;
  std::string baseline;
  std::string json, markdown;
};
void AddEvalFlags(CLI::App& command, EvalFlags& flags);

// What is to be done, checked before a model is loaded.
struct EvalPlan {
  TaskOptions options;
  std::vector<const Task*> tasks;
  std::vector<TaskItems> items;  // beside them
};

// Reads the data of every task. Throws Error for an unknown task, naming the
// nearest.
EvalPlan MakePlan(const EvalFlags& flags);

}  // namespace llamba

#endif  // LLAMBA_APPS_EVAL_FLAGS_H_

#ifndef LLAMBA_APPS_EVAL_FLAGS_H_
#define LLAMBA_APPS_EVAL_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/flags.h"
#include "eval/job.h"

namespace llamba {

struct EvalFlags {
  ModelFlags model;
  std::string tasks, data;
  std::optional<int64_t> limit, max_length;
  int shots = 0;
  std::vector<std::string> texts;
  std::string windows = "own";
  int64_t long_context = 0;
  std::string long_text;
  std::string baseline;
  bool print_json = false;  // in place of the table
  std::string json, markdown, html, samples;
  std::string costs;  // context lengths to measure speed and memory at
};
void AddEvalFlags(CLI::App& command, EvalFlags& flags);

// What is to be done, its data read and checked before a model is loaded.
// Throws Error for an unknown task, naming the nearest.
std::vector<Job> MakeJobs(const EvalFlags& flags);

}  // namespace llamba

#endif  // LLAMBA_APPS_EVAL_FLAGS_H_

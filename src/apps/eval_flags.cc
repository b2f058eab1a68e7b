#include "apps/eval_flags.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "apps/suggest.h"
#include "base/error.h"
#include "eval/tasks/all.h"

namespace llamba {
namespace {

std::vector<std::string> SplitNames(const std::string& list) {
  std::vector<std::string> names;
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    if (end > at) names.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

std::vector<std::string> TaskNames() {
  std::vector<std::string> names;
  for (const Task& task : AllTasks()) names.push_back(task.name);
  return names;
}

const Task* TaskNamed(const std::string& name) {
  const Task* task = FindTask(name);
  if (task != nullptr) return task;
  Fail("--tasks: no task '{}'.{} Tasks: {}", name,
       DidYouMean(name, TaskNames()), fmt::join(TaskNames(), ", "));
}

}  // namespace

void AddEvalFlags(CLI::App& command, EvalFlags& flags) {
  AddModelFlags(command, flags.model);
  command
      .add_option("--tasks", flags.tasks,
                  fmt::format("What to score, parted by commas: {}",
                              fmt::join(TaskNames(), ", ")))
      ->type_name("LIST")
      ->required();
  command.add_option("--data", flags.data, "Directory of the items")
      ->type_name("DIR")
      ->required();
  command
      .add_option("--limit", flags.limit,
                  "Only so many items a task (of mmlu: a subject)")
      ->type_name("N")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  command
      .add_option("--num-fewshot", flags.shots,
                  "Answered examples before each question")
      ->type_name("K")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command
      .add_option("--max-length", flags.max_length,
                  "Tokens to read at a time; the beginning of what is longer "
                  "is dropped (default: the context length of the model or, "
                  "where it has none, of the baseline)")
      ->type_name("L")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
  command
      .add_option("--baseline", flags.baseline,
                  "The teacher: score it too, and say what is kept")
      ->type_name("MODEL");
  command.add_option("--json", flags.json, "Write figures as the harness does")
      ->type_name("FILE");
  command.add_option("--markdown", flags.markdown, "Write the table")
      ->type_name("FILE");
  command.footer(
      "Examples:\n"
      "  llamba eval Llamba-1B --tasks hellaswag,arc_easy --data DIR\n"
      "  llamba eval student.gguf --baseline teacher.gguf --tasks mmlu \\\n"
      "    --num-fewshot 5 --data DIR --json results.json");
}

EvalPlan MakePlan(const EvalFlags& flags) {
  EvalPlan plan;
  plan.options.limit = flags.limit;
  plan.options.shots = flags.shots;
  for (const std::string& name : SplitNames(flags.tasks)) {
    plan.tasks.push_back(TaskNamed(name));
  }
  if (plan.tasks.empty()) Fail("--tasks: expected at least one, found none");
  for (const Task* task : plan.tasks) {
    plan.items.push_back(PrepareItems(*task, flags.data, plan.options));
  }
  return plan;
}

}  // namespace llamba

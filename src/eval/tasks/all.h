#ifndef LLAMBA_EVAL_TASKS_ALL_H_
#define LLAMBA_EVAL_TASKS_ALL_H_

#include <string>
#include <vector>

#include "eval/task.h"

// The tasks, as lm-evaluation-harness 0.4.13 has them. A new one is a file here
// and a line in this one and in all.cc. Each reads the one-object-a-line form
// of its items and the form in which its authors publish it.
namespace llamba {

Task ArcChallenge();
Task ArcEasy();
Task BoolQ();
Task Cola();
Task Copa();
Task HellaSwag();
Task LambadaOpenAi();
Task Mmlu();
Task Mrpc();
Task OpenBookQa();
Task Piqa();
Task Rte();
Task Sst2();
Task WinoGrande();

// All of them, in the order in which they are reported.
const std::vector<Task>& AllTasks();
// Null where there is none of this name.
const Task* FindTask(const std::string& name);

}  // namespace llamba

#endif  // LLAMBA_EVAL_TASKS_ALL_H_

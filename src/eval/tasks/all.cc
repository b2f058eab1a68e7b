#include "eval/tasks/all.h"

#include <algorithm>

namespace llamba {

const std::vector<Task>& AllTasks() {
  static const std::vector<Task> tasks = {
      ArcEasy(),    ArcChallenge(),  Piqa(),  WinoGrande(), HellaSwag(),
      OpenBookQa(), LambadaOpenAi(), Mmlu(),  Rte(),        Sst2(),
      Mrpc(),       Cola(),          BoolQ(), Copa()};
  return tasks;
}

const Task* FindTask(const std::string& name) {
  const std::vector<Task>& tasks = AllTasks();
  const auto found =
      std::find_if(tasks.begin(), tasks.end(),
                   [&](const Task& task) { return task.name == name; });
  return found == tasks.end() ? nullptr : &*found;
}

}  // namespace llamba

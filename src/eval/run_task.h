#ifndef LLAMBA_EVAL_RUN_TASK_H_
#define LLAMBA_EVAL_RUN_TASK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/aggregate.h"
#include "eval/encode.h"
#include "eval/logit_source.h"
#include "eval/result.h"
#include "eval/task.h"

namespace llamba {

struct TaskOptions {
  // Items of a task (of each subject, where it has some), the first; 1 or more.
  std::optional<int64_t> limit;
  int shots = 0;  // examples before each item
  // Of the draw of examples: every item draws anew, the same for every model.
  uint64_t seed = 1234;
};

// The items of a task, ready to be scored: examples and headers stand in their
// contexts.
struct TaskItems {
  std::vector<Item> items;
  std::vector<int64_t> available;  // beside each item: of its subject
};

// The key of a subject's figures in files; the task's own without a subject.
std::string NameOf(const Task& task, const std::string& subject);

// Reads `directory`. Throws Error for files that are absent or wrong, and where
// there are too few examples.
TaskItems PrepareItems(const Task& task, const std::string& directory,
                       const TaskOptions& options);

// The requests of all options, item by item.
std::vector<ScoreRequest> MakeRequests(const TaskItems& items,
                                       const RequestEncoder& encoder);

// What the model made of each item. `scores`: one a request.
std::vector<ItemScore> ScoreItems(const TaskItems& items,
                                  const std::vector<SequenceScore>& scores);

// The task; where it has subjects, then its groups and they. `scores`: one a
// request.
std::vector<TaskResult> Summarize(const Task& task, const TaskItems& items,
                                  const std::vector<SequenceScore>& scores,
                                  int shots);

}  // namespace llamba

#endif  // LLAMBA_EVAL_RUN_TASK_H_

#ifndef LLAMBA_EVAL_JOB_H_
#define LLAMBA_EVAL_JOB_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "eval/encode.h"
#include "eval/logit_source.h"
#include "eval/result.h"
#include "eval/run_task.h"

namespace llamba {

// Something to score with one model after another: what it asks of a model, and
// what the answers come to. Its data have been read and checked.
struct Job {
  std::string name;
  std::function<std::vector<ScoreRequest>(const RequestEncoder&)> requests;
  // `scores` stand beside `requests`. Empty where the model can do none of it.
  std::function<std::vector<TaskResult>(const std::vector<ScoreRequest>&,
                                        const std::vector<SequenceScore>&)>
      summarize;
  // Every item with its scores, see SampleLines; null where there are no items.
  std::function<std::string(const std::vector<SequenceScore>&)> samples =
      nullptr;
};

// A task over the data in a directory. The task must outlive the job. Throws
// Error as PrepareItems does.
Job MakeTaskJob(const Task& task, const std::string& directory,
                const TaskOptions& options);

}  // namespace llamba

#endif  // LLAMBA_EVAL_JOB_H_

#include "eval/job.h"

#include <memory>

namespace llamba {

Job MakeTaskJob(const Task& task, const std::string& directory,
                const TaskOptions& options) {
  const auto items =
      std::make_shared<const TaskItems>(PrepareItems(task, directory, options));
  Job job;
  job.name = task.name;
  job.requests = [items](const RequestEncoder& encoder) {
    return MakeRequests(*items, encoder);
  };
  job.summarize = [&task, items, shots = options.shots](
                      const std::vector<ScoreRequest>&,
                      const std::vector<SequenceScore>& scores) {
    return Summarize(task, *items, scores, shots);
  };
  return job;
}

}  // namespace llamba

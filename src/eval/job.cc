#include "eval/job.h"

#include <memory>

#include "eval/samples.h"

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
  job.samples = [&task, items](const std::vector<SequenceScore>& scores) {
    return SampleLines(task, *items, scores);
  };
  return job;
}

}  // namespace llamba

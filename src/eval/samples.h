#ifndef LLAMBA_EVAL_SAMPLES_H_
#define LLAMBA_EVAL_SAMPLES_H_

#include <string>
#include <vector>

#include "eval/run_task.h"

namespace llamba {

// A line of JSON for each item, its fields named as lm-evaluation-harness'
// --log_samples names them: task (with its subject), doc_id (the item's place
// in it), target (the right option), arguments (context and continuation of
// each option), filtered_resps (their log-likelihoods, and whether every token
// was the model's first choice), and the item's accuracies.
std::string SampleLines(const Task& task, const TaskItems& items,
                        const std::vector<SequenceScore>& scores);

}  // namespace llamba

#endif  // LLAMBA_EVAL_SAMPLES_H_

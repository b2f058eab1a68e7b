#ifndef LLAMBA_APPS_EVAL_MODEL_H_
#define LLAMBA_APPS_EVAL_MODEL_H_

#include <string>

#include "apps/eval_flags.h"
#include "eval/report/report.h"

namespace llamba {

// Loads the model and does the jobs with it, with a bar on the terminal.
// After Ctrl-C it returns with the results of the jobs that are finished.
// `samples` gets a line for every item of a task; null for none.
void EvaluateModel(const EvalFlags& flags, const std::vector<Job>& jobs,
                   const std::string& path, ModelReport* report,
                   std::string* samples);

}  // namespace llamba

#endif  // LLAMBA_APPS_EVAL_MODEL_H_

#ifndef LLAMBA_EVAL_REPORT_FORMAT_H_
#define LLAMBA_EVAL_REPORT_FORMAT_H_

#include <string>

#include "eval/result.h"

// Figures as all forms of a report write them.
namespace llamba {

// Shares with four places, perplexities with as many as tell something; a dash
// for what is no number.
std::string Number(double value);
// "0.5596 ± 0.0299".
std::string WithError(const Figure& figure);
// "98.7 %".
std::string Percent(double share);
// What one sequence's state took where a long context was read; empty for
// others and for null.
std::string Memory(const TaskResult* result);

}  // namespace llamba

#endif  // LLAMBA_EVAL_REPORT_FORMAT_H_

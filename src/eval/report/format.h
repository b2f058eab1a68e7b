#ifndef LLAMBA_EVAL_REPORT_FORMAT_H_
#define LLAMBA_EVAL_REPORT_FORMAT_H_

#include <cstdint>
#include <string>

#include "eval/report/report.h"

// Figures as all forms of a report write them.
namespace llamba {

// Shares with four places, perplexities with as many as tell something; a dash
// for what is no number.
std::string Number(double value);
// "0.5596 ± 0.0299".
std::string WithError(const Figure& figure);
// "353 k", "1.41 G".
std::string Count(int64_t number);
// "98.7 %".
std::string Percent(double share);
// What one sequence's state took where a long context was read; empty for
// others and for null.
std::string Memory(const TaskResult* result);
// Time that scoring took over what its distinct tokens take at the rate of a
// prompt; 0 where that was not measured.
double OverPrefill(const ModelReport& model);

}  // namespace llamba

#endif  // LLAMBA_EVAL_REPORT_FORMAT_H_

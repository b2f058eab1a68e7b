#ifndef LLAMBA_EVAL_REPORT_HTML_CHARTS_H_
#define LLAMBA_EVAL_REPORT_HTML_CHARTS_H_

#include <string>

#include "eval/report/report.h"

namespace llamba {

// Sections of the page: speed and memory by context, and what was found in long
// contexts. Empty where nothing of the kind was measured.
std::string CostCharts(const EvalReport& report);
std::string LongContextCharts(const EvalReport& report);

}  // namespace llamba

#endif  // LLAMBA_EVAL_REPORT_HTML_CHARTS_H_

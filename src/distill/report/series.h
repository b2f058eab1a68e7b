#ifndef LLAMBA_DISTILL_REPORT_SERIES_H_
#define LLAMBA_DISTILL_REPORT_SERIES_H_

#include <nlohmann/json.hpp>
#include <vector>

#include "distill/train/metrics.h"

namespace llamba::distill {

// One stage's updates for the page, in at most `n_points` means over
// neighbouring updates: {stage, begin, x, loss, rate, norm, speed, ...}.
// `begin` is how many tokens came before the stage; x counts its own. What is
// not finite becomes null.
nlohmann::ordered_json StageSeries(const std::vector<StepMetrics>& updates,
                                   int64_t begin, int64_t n_points);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_REPORT_SERIES_H_

#ifndef LLAMBA_DISTILL_REPORT_REPORT_H_
#define LLAMBA_DISTILL_REPORT_REPORT_H_

#include <string>
#include <string_view>

namespace llamba::distill {

// What a run's folder tells, as one HTML page without outside resources: reads
// metrics.jsonl and, where they are there, maps.jsonl and recipe.json of `run`.
// Throws Error naming the file that is missing or damaged.
std::string RenderReport(const std::string& run);

// RenderReport into the file `path`.
void WriteReport(const std::string& run, const std::string& path);

// The page (page.html), with {{data}} where its data go.
extern const std::string_view kReportPage;

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_REPORT_REPORT_H_

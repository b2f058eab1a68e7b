#ifndef LLAMBA_APPS_BENCH_REPORT_H_
#define LLAMBA_APPS_BENCH_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/bench/measure.h"
#include "runtime/bench/peak.h"

namespace llamba {

// What `llamba bench` measured, apart from how it prints it.
struct BenchReport {
  std::string model, description, isa, dtype;
  int64_t parameters = 0;
  int threads = 0, repeats = 0;
  double load_seconds = 0;
  int64_t step_bytes = 0;   // of the matrices that a step reads
  int64_t state_bytes = 0;  // of a sequence before the first token
  int64_t peak_bytes = 0;   // of this process, mapped files included
  Peaks peaks;              // of these threads
  Products products = Products::kFloat32;
  std::vector<PrefillSpeed> prefills;
  std::vector<DecodeSpeed> decodes;

  double TokensPerSecond(const DecodeSpeed& speed) const;
  double TokensPerSecond(const PrefillSpeed& speed) const;
  // Bytes a second at which the matrices were just read.
  double StreamRate(const DecodeSpeed& speed) const;
  // Of the peak of the kind of numbers that the layers multiply.
  double ShareOfPeak(double multiply_adds, double seconds) const;
};

nlohmann::ordered_json ToJson(const BenchReport& report);

// Markdown; with `before` (the JSON of an earlier run), each speed against the
// one of the same size there.
std::string ToMarkdown(const BenchReport& report,
                       const nlohmann::ordered_json* before);

// The JSON of an earlier run. Throws Error naming the file and what is missing.
nlohmann::ordered_json ReadBenchReport(const std::string& path);

}  // namespace llamba

#endif  // LLAMBA_APPS_BENCH_REPORT_H_

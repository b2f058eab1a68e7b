#ifndef LLAMBA_EVAL_REPORT_REPORT_H_
#define LLAMBA_EVAL_REPORT_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/logit_source.h"
#include "eval/result.h"

namespace llamba {

// How fast a model reads and writes, and what it keeps, with `tokens` read.
struct ContextCost {
  int64_t tokens = 0;
  double decode_tokens_per_second = 0;  // one sequence
  int64_t state_bytes = 0;
};

// One model and what came out.
struct ModelReport {
  std::string path;
  std::string description;
  int64_t parameters = 0;
  int64_t weight_bytes = 0;  // of the matrices that a step reads
  int64_t max_length = 0;
  std::string dtype, isa;
  int threads = 0;
  std::vector<TaskResult> results;
  ScoreUsage usage;
  // Of a prompt of kPrefillTokens (or as many as the context takes), measured
  // in the same run; 0: not measured.
  static constexpr int64_t kPrefillTokens = 512;
  double prefill_seconds_a_token = 0;
  std::vector<ContextCost> costs;
};

// A run of `llamba eval`.
struct EvalReport {
  ModelReport model;
  std::optional<ModelReport> baseline;
  std::optional<int64_t> limit;
  std::string data;
  std::string version;  // of this program
  double date = 0;      // seconds since 1970
};

// What a student keeps of its teacher's score. Higher is better in all.
struct Retention {
  // Score over score; of a perplexity, the teacher's over the student's.
  double plain = 0;
  // Both less chance; absent where the teacher's is not above chance by two
  // standard errors: a score at chance is kept by anyone.
  std::optional<double> over_chance;
};
// Absent where the teacher's score is 0 or less.
std::optional<Retention> RetentionOf(const Figure& student,
                                     const Figure& teacher);

// The figure that a task is summed up by: acc_norm, else acc, mcc, f1. Null for
// others (perplexities).
const Figure* Headline(const TaskResult& result);

// Sums of headlines over benchmarks (their subjects and groups do not count
// again, tests of long contexts not at all) that both have; plain over all,
// over chance over those above it.
struct Overall {
  int tasks = 0, tasks_above_chance = 0;
  double student = 0, teacher = 0;  // means of the headlines
  Retention retention;
};
std::optional<Overall> OverallOf(const ModelReport& student,
                                 const ModelReport& teacher);

// Null where there is none.
const TaskResult* FindResult(const std::vector<TaskResult>& results,
                             const std::string& name);

// For a terminal, and the same in Markdown.
std::string ToText(const EvalReport& report);
std::string ToMarkdown(const EvalReport& report);
// A self-contained page: scores, what is kept, speed and memory by context.
std::string ToHtml(const EvalReport& report);
// lm-evaluation-harness' layout (results.TASK["acc,none"], .. ), with "llamba"
// beside it for what the harness does not have. NaN becomes null.
std::string ToJson(const EvalReport& report);

}  // namespace llamba

#endif  // LLAMBA_EVAL_REPORT_REPORT_H_

#ifndef LLAMBA_EVAL_RESULT_H_
#define LLAMBA_EVAL_RESULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llamba {

// A figure as lm-evaluation-harness names it.
struct Figure {
  std::string name;  // "acc", "word_perplexity"
  double value = 0;
  std::optional<double> error;  // standard error
  bool higher_is_better = true;
  // What guessing yields, for figures that are shares or correlations.
  std::optional<double> chance;
};

// One task's figures, one of its subjects', or a group of subjects'.
struct TaskResult {
  std::string name;    // "mmlu_abstract_algebra": the key in files
  std::string alias;   // "abstract_algebra": what people read
  std::string parent;  // the group's name, or empty
  bool is_group = false;
  int64_t items = 0;      // scored
  int64_t available = 0;  // in the data
  int shots = 0;
  std::vector<Figure> figures;  // the one that counts first
  // A benchmark's figures count in what a student keeps overall; those of tests
  // of long contexts do not.
  bool is_benchmark = true;
  // Of a test of long contexts: tokens read when a question comes, and what one
  // sequence's state takes there. 0 for others.
  int64_t context_tokens = 0;
  int64_t state_bytes = 0;

  // Null where there is none of this name.
  const Figure* Find(const std::string& figure) const;
};

}  // namespace llamba

#endif  // LLAMBA_EVAL_RESULT_H_

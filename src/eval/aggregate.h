#ifndef LLAMBA_EVAL_AGGREGATE_H_
#define LLAMBA_EVAL_AGGREGATE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/result.h"
#include "eval/task.h"

namespace llamba {

// What the model made of one item.
struct ItemScore {
  std::vector<double> sums;  // log-likelihood of each option
  std::vector<int64_t> characters;
  bool greedy = false;  // option 0 was the model's first choice throughout
  int gold = 0;
};

// The option of the greatest sum, of the greatest sum a character: the first of
// equals.
int Likeliest(const ItemScore& score);
int LikeliestByCharacter(const ItemScore& score);

// As lm-evaluation-harness calls it: "acc_norm".
std::string NameOf(Metric metric);

// What a metric makes of one item by itself: 1 or 0 for the accuracies; absent
// for those that only many items have.
std::optional<double> OfItem(Metric metric, const ItemScore& score);

// Items of several options are right where the likeliest is the right one,
// those of one where it is greedy.
std::vector<Figure> Aggregate(std::span<const ItemScore> scores,
                              std::span<const Metric> metrics);

// Figures of subjects (each with items of its own) taken together: every item
// counts alike. All must have the same figures, accuracies.
std::vector<Figure> Pool(std::span<const TaskResult* const> subjects);

}  // namespace llamba

#endif  // LLAMBA_EVAL_AGGREGATE_H_

#include "eval/aggregate.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "eval/statistics.h"

namespace llamba {
namespace {

constexpr uint64_t kBootstrapSeed = 1234;

double ByCharacter(const ItemScore& score, size_t option) {
  return score.sums[option] / static_cast<double>(score.characters[option]);
}

double Chance(std::span<const ItemScore> scores) {
  double sum = 0;
  for (const ItemScore& score : scores) {
    // One option is not one of many: nothing is won by guessing.
    if (score.sums.size() > 1) {
      sum += 1 / static_cast<double>(score.sums.size());
    }
  }
  return sum / static_cast<double>(scores.size());
}

Figure Share(Metric metric, std::span<const ItemScore> scores, double chance) {
  std::vector<double> values;
  values.reserve(scores.size());
  for (const ItemScore& score : scores) {
    values.push_back(OfItem(metric, score).value());
  }
  Figure figure;
  figure.name = NameOf(metric);
  figure.value = Mean(values);
  figure.error = StandardError(values);
  figure.chance = chance;
  return figure;
}

Figure OfClasses(Metric metric, std::span<const ItemScore> scores,
                 double (Confusion::*statistic)() const) {
  const auto over = [&](auto&& indices) {
    Confusion confusion;
    for (const size_t i : indices) {
      confusion.Add(Likeliest(scores[i]) == 1, scores[i].gold == 1);
    }
    return (confusion.*statistic)();
  };
  std::vector<size_t> all(scores.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  Figure figure;
  figure.name = NameOf(metric);
  figure.value = over(all);
  figure.error = BootstrapError(scores.size(), kBootstrapSeed, over);
  return figure;
}

Figure Perplexity(std::span<const ItemScore> scores) {
  const auto over = [&](auto&& indices) {
    double sum = 0;
    for (const size_t i : indices) {
      sum += scores[i].sums[static_cast<size_t>(scores[i].gold)];
    }
    return std::exp(-sum / static_cast<double>(scores.size()));
  };
  std::vector<size_t> all(scores.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  Figure figure;
  figure.name = NameOf(Metric::kPerplexity);
  figure.value = over(all);
  figure.error = BootstrapError(scores.size(), kBootstrapSeed, over);
  figure.higher_is_better = false;
  return figure;
}

Figure FigureOf(Metric metric, std::span<const ItemScore> scores) {
  switch (metric) {
    case Metric::kAcc:
    case Metric::kAccNorm:
      return Share(metric, scores, Chance(scores));
    case Metric::kExactMatch:
      return Share(metric, scores, 0);
    case Metric::kF1:
      return OfClasses(metric, scores, &Confusion::F1);
    case Metric::kMcc: {
      Figure figure = OfClasses(metric, scores, &Confusion::Matthews);
      figure.chance = 0;
      return figure;
    }
    case Metric::kPerplexity:
      return Perplexity(scores);
  }
  LLAMBA_ASSERT(false);
}

}  // namespace

const Figure* TaskResult::Find(const std::string& figure) const {
  const auto found =
      std::find_if(figures.begin(), figures.end(),
                   [&](const Figure& one) { return one.name == figure; });
  return found == figures.end() ? nullptr : &*found;
}

int Likeliest(const ItemScore& score) {
  const auto best = std::max_element(score.sums.begin(), score.sums.end());
  return static_cast<int>(best - score.sums.begin());
}

int LikeliestByCharacter(const ItemScore& score) {
  size_t best = 0;
  for (size_t i = 1; i < score.sums.size(); ++i) {
    if (ByCharacter(score, i) > ByCharacter(score, best)) best = i;
  }
  return static_cast<int>(best);
}

std::string NameOf(Metric metric) {
  switch (metric) {
    case Metric::kAcc:
      return "acc";
    case Metric::kAccNorm:
      return "acc_norm";
    case Metric::kF1:
      return "f1";
    case Metric::kMcc:
      return "mcc";
    case Metric::kExactMatch:
      return "exact_match";
    case Metric::kPerplexity:
      return "perplexity";
  }
  LLAMBA_ASSERT(false);
}

std::optional<double> OfItem(Metric metric, const ItemScore& score) {
  const bool is_choice = score.sums.size() > 1;
  switch (metric) {
    case Metric::kAcc:
      return (is_choice ? Likeliest(score) == score.gold : score.greedy) ? 1
                                                                         : 0;
    case Metric::kAccNorm:
      return LikeliestByCharacter(score) == score.gold ? 1 : 0;
    case Metric::kExactMatch:
      return score.greedy ? 1 : 0;
    case Metric::kF1:
    case Metric::kMcc:
    case Metric::kPerplexity:
      break;
  }
  return std::nullopt;
}

std::vector<Figure> Aggregate(std::span<const ItemScore> scores,
                              std::span<const Metric> metrics) {
  LLAMBA_ASSERT(!scores.empty());
  std::vector<Figure> figures;
  for (const Metric metric : metrics) {
    figures.push_back(FigureOf(metric, scores));
  }
  return figures;
}

std::vector<Figure> Pool(std::span<const TaskResult* const> subjects) {
  LLAMBA_ASSERT(!subjects.empty());
  std::vector<Figure> pooled = subjects.front()->figures;
  for (size_t f = 0; f < pooled.size(); ++f) {
    double value = 0, chance = 0, total = 0;
    std::vector<double> errors;
    std::vector<int64_t> sizes;
    for (const TaskResult* subject : subjects) {
      const Figure& figure = subject->figures[f];
      const auto items = static_cast<double>(subject->items);
      total += items;
      value += items * figure.value;
      chance += items * figure.chance.value_or(0);
      errors.push_back(figure.error.value_or(0));
      sizes.push_back(subject->items);
    }
    pooled[f].value = value / total;
    pooled[f].chance = chance / total;
    pooled[f].error = PooledStandardError(errors, sizes);
  }
  return pooled;
}

}  // namespace llamba

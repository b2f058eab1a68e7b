#ifndef LLAMBA_EVAL_STATISTICS_H_
#define LLAMBA_EVAL_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace llamba {

// 0 for none.
double Mean(std::span<const double> values);
// Of the mean: sample standard deviation over sqrt(n); for a share p it is
// sqrt(p (1 - p) / (n - 1)). NaN for fewer than two values.
double StandardError(std::span<const double> values);

// Of groups of `sizes` items and standard errors `errors`, taken together:
// sqrt(sum (n_i - 1) n_i e_i^2 / (N - k) / N). NaN where N = k.
double PooledStandardError(std::span<const double> errors,
                           std::span<const int64_t> sizes);

// Predictions of two classes.
struct Confusion {
  int64_t true_positive = 0, false_positive = 0, false_negative = 0,
          true_negative = 0;

  void Add(bool predicted, bool gold);
  // 0 where undefined.
  double F1() const;
  double Matthews() const;
};

// The standard deviation of `statistic` over samples of n of the n items, drawn
// with replacement. The same seed gives the same figure. `statistic` gets the
// indices drawn. NaN for fewer than two items.
double BootstrapError(
    size_t n, uint64_t seed,
    const std::function<double(std::span<const size_t>)>& statistic);

}  // namespace llamba

#endif  // LLAMBA_EVAL_STATISTICS_H_

#include "eval/statistics.h"

#include <cmath>
#include <limits>
#include <random>

#include "base/error.h"

namespace llamba {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Enough for two digits of a standard error (1 / sqrt(2 * 1000) is 2 %).
constexpr int kSamples = 1000;

// sqrt(sum (x - mean)^2 / (n - 1)).
double SampleDeviation(std::span<const double> values) {
  if (values.size() < 2) return kNaN;
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

// 2^64 mod n is under 1e-15 of the range for any n of items: no draw is redone.
size_t Draw(std::mt19937_64& generator, size_t n) { return generator() % n; }

}  // namespace

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double StandardError(std::span<const double> values) {
  return SampleDeviation(values) /
         std::sqrt(static_cast<double>(values.size()));
}

double PooledStandardError(std::span<const double> errors,
                           std::span<const int64_t> sizes) {
  LLAMBA_ASSERT(errors.size() == sizes.size());
  double sum = 0, total = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const auto size = static_cast<double>(sizes[i]);
    total += size;
    // A group of one has no error of its own, and no weight in the sum.
    if (sizes[i] > 1) sum += (size - 1) * size * errors[i] * errors[i];
  }
  const double freedom = total - static_cast<double>(sizes.size());
  return freedom > 0 ? std::sqrt(sum / freedom / total) : kNaN;
}

void Confusion::Add(bool predicted, bool gold) {
  if (predicted) {
    ++(gold ? true_positive : false_positive);
  } else {
    ++(gold ? false_negative : true_negative);
  }
}

double Confusion::F1() const {
  const auto wrong = static_cast<double>(false_positive + false_negative);
  const auto right = 2 * static_cast<double>(true_positive);
  return right + wrong > 0 ? right / (right + wrong) : 0;
}

double Confusion::Matthews() const {
  const auto tp = static_cast<double>(true_positive);
  const auto fp = static_cast<double>(false_positive);
  const auto fn = static_cast<double>(false_negative);
  const auto tn = static_cast<double>(true_negative);
  const double product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);
  return product > 0 ? (tp * tn - fp * fn) / std::sqrt(product) : 0;
}

double BootstrapError(
    size_t n, uint64_t seed,
    const std::function<double(std::span<const size_t>)>& statistic) {
  if (n < 2) return kNaN;
  std::mt19937_64 generator(seed);
  std::vector<size_t> drawn(n);
  std::vector<double> values;
  for (int i = 0; i < kSamples; ++i) {
    for (size_t& index : drawn) index = Draw(generator, n);
    values.push_back(statistic(drawn));
  }
  return SampleDeviation(values);
}

}  // namespace llamba

#include "eval/divergence.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace llamba {
namespace {

size_t Greatest(std::span<const float> logits) {
  return static_cast<size_t>(std::max_element(logits.begin(), logits.end()) -
                             logits.begin());
}

}  // namespace

double LogSumExp(std::span<const float> logits) {
  LLAMBA_ASSERT(!logits.empty());
  const double greatest = logits[Greatest(logits)];
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - greatest);
  return greatest + std::log(sum);
}

TokenComparison CompareLogits(std::span<const float> a,
                              std::span<const float> b, int32_t target) {
  LLAMBA_ASSERT(a.size() == b.size());
  const auto id = static_cast<size_t>(target);
  LLAMBA_ASSERT(target >= 0 && id < a.size());
  const double total_a = LogSumExp(a), total_b = LogSumExp(b);
  TokenComparison token;
  token.nll_a = total_a - a[id];
  token.nll_b = total_b - b[id];
  for (size_t i = 0; i < a.size(); ++i) {
    const double log_p = a[i] - total_a;
    token.kl += std::exp(log_p) * (log_p - (b[i] - total_b));
  }
  // The sum of a divergence of nearly equal rows may round below zero.
  token.kl = std::max(token.kl, 0.0);
  token.same_top = Greatest(a) == Greatest(b);
  return token;
}

void Divergence::Add(const TokenComparison& token) {
  nll_a_ += token.nll_a;
  nll_b_ += token.nll_b;
  kl_ += token.kl;
  same_top_ += token.same_top ? 1 : 0;
  kls_.push_back(static_cast<float>(token.kl));
}

DivergenceSummary Divergence::Summary() const {
  DivergenceSummary summary;
  if (kls_.empty()) return summary;
  const auto n = static_cast<double>(kls_.size());
  summary.tokens = tokens();
  summary.ppl_a = std::exp(nll_a_ / n);
  summary.ppl_b = std::exp(nll_b_ / n);
  summary.mean_kl = kl_ / n;
  summary.top1_agreement = static_cast<double>(same_top_) / n;
  std::vector<float> sorted = kls_;
  const size_t rank = (sorted.size() * 99 + 99) / 100 - 1;
  const auto place = sorted.begin() + static_cast<ptrdiff_t>(rank);
  std::nth_element(sorted.begin(), place, sorted.end());
  summary.p99_kl = *place;
  return summary;
}

}  // namespace llamba

#include "sampling/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace llamba {
namespace {

float LargestLogit(const Candidates& candidates) {
  float largest = -std::numeric_limits<float>::infinity();
  for (const Candidate& c : candidates) largest = std::max(largest, c.logit);
  return largest;
}

// log of the sum of exp(logit): log p = logit - this.
double LogPartition(const Candidates& candidates) {
  const double largest = LargestLogit(candidates);
  double sum = 0;
  for (const Candidate& c : candidates) sum += std::exp(c.logit - largest);
  return largest + std::log(sum);
}

// Orders `items` by `less` as far as needed and cuts it behind the first place
// where the weights so far reach `target`. A peaked distribution over a large
// vocabulary sorts a few hundred elements only.
template <typename T, typename Less, typename Weight>
void KeepUntil(std::vector<T>& items, Less less, Weight weight, double target) {
  double sum = 0;
  size_t begin = 0;
  for (size_t block = 256; begin < items.size(); block *= 8) {
    const size_t end = std::min(items.size(), begin + block);
    std::partial_sort(items.begin() + begin, items.begin() + end, items.end(),
                      less);
    for (; begin < end; ++begin) {
      sum += weight(items[begin]);
      if (sum >= target) {
        items.resize(begin + 1);
        return;
      }
    }
  }
}

}  // namespace

Candidates MakeCandidates(std::span<const float> logits) {
  Candidates candidates;
  candidates.reserve(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] != -std::numeric_limits<float>::infinity()) {
      candidates.push_back({static_cast<int32_t>(i), logits[i]});
    }
  }
  return candidates;
}

void KeepTopK(Candidates& candidates, int64_t k) {
  if (k <= 0 || k >= static_cast<int64_t>(candidates.size())) return;
  // With a heap of the best so far most candidates cost one comparison.
  std::partial_sort(candidates.begin(), candidates.begin() + k,
                    candidates.end(), Better);
  candidates.resize(static_cast<size_t>(k));
}

void KeepTopP(Candidates& candidates, double p) {
  if (p >= 1) return;
  const double partition = LogPartition(candidates);
  KeepUntil(
      candidates, Better,
      [&](const Candidate& c) { return std::exp(c.logit - partition); }, p);
}

void KeepMinP(Candidates& candidates, double p) {
  if (p <= 0) return;
  const double threshold = LargestLogit(candidates) + std::log(p);
  std::erase_if(candidates,
                [&](const Candidate& c) { return c.logit < threshold; });
}

void KeepTypical(Candidates& candidates, double p) {
  if (p >= 1) return;
  struct Scored {
    Candidate candidate;
    double distance;  // of the token's surprise from the entropy
  };
  const double partition = LogPartition(candidates);
  double entropy = 0;
  for (const Candidate& c : candidates) {
    const double log_p = c.logit - partition;
    entropy -= std::exp(log_p) * log_p;
  }
  std::vector<Scored> scored;
  scored.reserve(candidates.size());
  for (const Candidate& c : candidates) {
    scored.push_back({c, std::fabs(partition - c.logit - entropy)});
  }
  KeepUntil(
      scored,
      [](const Scored& a, const Scored& b) {
        return a.distance != b.distance ? a.distance < b.distance
                                        : Better(a.candidate, b.candidate);
      },
      [&](const Scored& s) { return std::exp(s.candidate.logit - partition); },
      p);
  candidates.clear();
  for (const Scored& s : scored) candidates.push_back(s.candidate);
}

int32_t Draw(const Candidates& candidates, double temperature, double uniform) {
  LLAMBA_ASSERT(!candidates.empty() && temperature > 0);
  const double largest = LargestLogit(candidates);
  const auto weight = [&](const Candidate& c) {
    return std::exp((c.logit - largest) / temperature);
  };
  double sum = 0;
  for (const Candidate& c : candidates) sum += weight(c);
  double left = uniform * sum;
  int32_t last = candidates.front().id;
  for (const Candidate& c : candidates) {
    const double w = weight(c);
    if (w <= 0) continue;  // underflowed: not even rounding may choose it
    last = c.id;
    left -= w;
    if (left < 0) break;
  }
  return last;
}

}  // namespace llamba

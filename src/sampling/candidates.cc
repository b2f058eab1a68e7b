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

void KeepBest(Candidates& candidates, size_t k) {
  if (k >= candidates.size()) return;
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(k);
  std::partial_sort(candidates.begin(), end, candidates.end(), Better);
  candidates.resize(k);
}

}  // namespace

Candidates MakeCandidates(std::span<const float> logits, int64_t top_k) {
  const size_t n = logits.size();
  const size_t k = top_k > 0 ? static_cast<size_t>(top_k) : n;
  // Cut to k whenever so many wait: a later one must exceed the last of these.
  const size_t room = k < n / 4 ? std::max<size_t>(4 * k, 256) : n + 1;
  Candidates best;
  best.reserve(std::min(room, n));
  float limit = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < n; ++i) {
    if (logits[i] <= limit) continue;
    best.push_back({static_cast<int32_t>(i), logits[i]});
    if (best.size() < room) continue;
    KeepBest(best, k);
    limit = best.back().logit;
  }
  KeepBest(best, k);
  return best;
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

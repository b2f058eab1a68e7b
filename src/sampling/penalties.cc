#include "sampling/penalties.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <vector>

namespace llamba {
namespace {

std::span<const int32_t> Window(std::span<const int32_t> history,
                                int64_t window) {
  return history.last(std::min(history.size(), static_cast<size_t>(window)));
}

// z[i]: how many tokens from `s[i]` on equal those from s[0] on (Gusfield's Z
// algorithm, linear time).
std::vector<int64_t> MatchLengths(const std::vector<int32_t>& s) {
  const auto n = static_cast<int64_t>(s.size());
  std::vector<int64_t> z(s.size(), 0);
  int64_t left = 0, right = 0;  // the match that reaches farthest
  for (int64_t i = 1; i < n; ++i) {
    int64_t length = i < right ? std::min(right - i, z[i - left]) : 0;
    while (i + length < n && s[length] == s[i + length]) ++length;
    z[i] = length;
    if (i + length > right) {
      left = i;
      right = i + length;
    }
  }
  return z;
}

}  // namespace

void ApplyPenalties(const SamplerOptions& options,
                    std::span<const int32_t> history, std::span<float> logits) {
  if (options.repetition_penalty == 1 && options.presence_penalty == 0 &&
      options.frequency_penalty == 0) {
    return;
  }
  std::unordered_map<int32_t, int> counts;
  for (int32_t id : Window(history, options.penalty_window)) ++counts[id];
  for (const auto& [id, count] : counts) {
    float& logit = logits[static_cast<size_t>(id)];
    logit = logit > 0 ? logit / options.repetition_penalty
                      : logit * options.repetition_penalty;
    logit -= options.presence_penalty +
             options.frequency_penalty * static_cast<float>(count);
  }
}

void ApplyDry(const SamplerOptions& options, std::span<const int32_t> history,
              std::span<float> logits) {
  if (options.dry_multiplier == 0) return;
  const auto window = Window(history, options.dry_window);
  // Newest first: what repeats the end of the text is a match with the start.
  const std::vector<int32_t> reversed(window.rbegin(), window.rend());
  const auto is_breaker = [&](int32_t id) {
    return std::find(options.dry_breakers.begin(), options.dry_breakers.end(),
                     id) != options.dry_breakers.end();
  };
  const int64_t limit =
      std::find_if(reversed.begin(), reversed.end(), is_breaker) -
      reversed.begin();
  if (limit < options.dry_allowed_length) return;

  // The longest repetition that each token would continue.
  std::unordered_map<int32_t, int64_t> longest;
  const std::vector<int64_t> matches = MatchLengths(reversed);
  for (size_t i = 1; i < reversed.size(); ++i) {
    const int64_t length = std::min(matches[i], limit);
    if (length < options.dry_allowed_length) continue;
    int64_t& best = longest[reversed[i - 1]];
    best = std::max(best, length);
  }
  for (const auto& [id, length] : longest) {
    if (is_breaker(id)) continue;
    const double penalty =
        options.dry_multiplier *
        std::pow(options.dry_base,
                 static_cast<double>(length - options.dry_allowed_length));
    // Finite, so that a text of repetitions alone still has a next token.
    logits[static_cast<size_t>(id)] -=
        static_cast<float>(std::min(penalty, 1e30));
  }
}

}  // namespace llamba

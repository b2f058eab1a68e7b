#include "eval/logit_source.h"

namespace llamba {

std::vector<SequenceScore> ScoreSequences(
    LogitSource& source, std::span<const ScoreRequest> requests,
    const ScoreProgress& progress) {
  std::vector<SequenceScore> scores(requests.size());
  source.Score(
      requests,
      [&](size_t request, size_t, const TokenScore& token) {
        SequenceScore& score = scores[request];
        score.log_likelihood += token.log_prob;
        score.greedy = score.greedy && token.greedy;
        score.log_probs.push_back(static_cast<float>(token.log_prob));
      },
      progress);
  return scores;
}

}  // namespace llamba

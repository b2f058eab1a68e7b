#ifndef LLAMBA_EVAL_LOGIT_SOURCE_H_
#define LLAMBA_EVAL_LOGIT_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/thread_pool.h"

namespace llamba {

// Token ids whose log-probabilities are asked: of ids[i], given all before it,
// for every i from `first` on. `first` is at least 1: nothing stands before the
// first token, so it has no score.
struct ScoreRequest {
  std::vector<int32_t> ids;
  size_t first = 1;
};

// What the model says of one token of a request.
struct TokenScore {
  double log_prob = 0;  // natural logarithm, softmax over the whole vocabulary
  bool greedy = false;  // no token is likelier, and no smaller id as likely
};

// Called for every scored token of every request, in order of `index` (the
// token's place in its ids) within a request.
using ScoreSink =
    FunctionRef<void(size_t request, size_t index, const TokenScore& score)>;

// Tokens run through the model so far, of how many that the requests need once
// shared beginnings are run once; first with none. May throw to stop the work.
using ScoreProgress = std::function<void(int64_t done, int64_t total)>;

// What requests cost.
struct ScoreUsage {
  int64_t tokens_run = 0;
  // What scoring each request from its first token on would have run.
  int64_t tokens_from_scratch = 0;
  double seconds = 0;
  size_t peak_state_bytes = 0;
};

// A model as evaluation sees it. Used by one thread at a time.
class LogitSource {
 public:
  virtual ~LogitSource() = default;

  // Throws Error for an id that the model does not have, and for a request
  // longer than it takes. `progress` may be empty. What was reported before
  // `progress` threw is right as far as it goes.
  virtual void Score(std::span<const ScoreRequest> requests, ScoreSink sink,
                     const ScoreProgress& progress) = 0;

  // Of all calls so far.
  virtual const ScoreUsage& usage() const = 0;
};

// Sum over the scored tokens of one request.
struct SequenceScore {
  double log_likelihood = 0;
  bool greedy = true;            // every token was
  std::vector<float> log_probs;  // of the scored tokens, in order
};

// In the order of the requests.
std::vector<SequenceScore> ScoreSequences(
    LogitSource& source, std::span<const ScoreRequest> requests,
    const ScoreProgress& progress);

}  // namespace llamba

#endif  // LLAMBA_EVAL_LOGIT_SOURCE_H_

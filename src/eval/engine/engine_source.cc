#include "eval/engine/engine_source.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "eval/engine/log_softmax.h"
#include "eval/engine/prefix_trie.h"
#include "eval/engine/trie_walk.h"

namespace llamba {
namespace {

using Clock = std::chrono::steady_clock;

// Tells every request that runs through the node what the row says of its next
// token, if that one is to be scored.
void ReportRow(std::span<const ScoreRequest> requests, const PrefixTrie& trie,
               const PrefixTrie::Node& node, size_t index,
               std::span<const float> logits, ScoreSink sink) {
  const LogNormalizer norm = Normalize(logits);
  for (size_t i = node.first_request; i < node.last_request; ++i) {
    const size_t request = trie.order()[i];
    if (index + 1 < requests[request].first) continue;
    const int32_t id = requests[request].ids[index + 1];
    const auto logit = static_cast<double>(logits[static_cast<size_t>(id)]);
    sink(request, index + 1, {logit - norm.log_sum, id == norm.argmax});
  }
}

// The last id of a request is never run, so the executor would not see it.
void CheckIds(std::span<const ScoreRequest> requests, int64_t vocab_size) {
  for (const ScoreRequest& request : requests) {
    for (const int32_t id : request.ids) {
      if (id >= 0 && id < vocab_size) continue;
      Fail("a token to score: expected an id of 0 to {}, found {}",
           vocab_size - 1, id);
    }
  }
}

}  // namespace

EngineSource::EngineSource(std::shared_ptr<const Model> model,
                           size_t state_bytes)
    : model_(std::move(model)), executor_(model_), state_bytes_(state_bytes) {}

void EngineSource::Score(std::span<const ScoreRequest> requests, ScoreSink sink,
                         const ScoreProgress& progress) {
  CheckIds(requests, model_->config().vocab_size);
  const PrefixTrie trie(requests);
  TrieWalk walk(trie, *model_, state_bytes_);
  const auto start = Clock::now();
  int64_t done = 0;
  if (progress) progress(done, trie.tokens());
  while (!walk.done()) {
    done += walk.Step(executor_, [&](const PrefixTrie::Node& node, size_t index,
                                     std::span<const float> logits) {
      ReportRow(requests, trie, node, index, logits, sink);
    });
    if (progress) progress(done, trie.tokens());
  }
  usage_.tokens_run += done;
  usage_.tokens_from_scratch += trie.tokens_from_scratch();
  usage_.seconds += std::chrono::duration<double>(Clock::now() - start).count();
  usage_.peak_state_bytes =
      std::max(usage_.peak_state_bytes, walk.peak_bytes());
}

}  // namespace llamba

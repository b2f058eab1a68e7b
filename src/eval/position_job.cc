#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "eval/long_context.h"
#include "eval/text_job.h"

namespace llamba {
namespace {

constexpr size_t kFirstBucket = 128;

std::vector<ScoreRequest> Windows(const std::string& text,
                                  const LongContextOptions& options,
                                  const RequestEncoder& encoder) {
  const std::vector<int32_t> ids = encoder.Text(text, false);
  // A window is the prefix token and these.
  const auto length = static_cast<size_t>(
      std::max<int64_t>(1, std::min(options.tokens, encoder.most()) - 1));
  std::vector<ScoreRequest> requests;
  for (size_t begin = 0; begin < ids.size(); begin += length) {
    // A window cut short says nothing of its end; a short text is one window.
    if (begin > 0 && begin + length > ids.size()) break;
    if (requests.size() == static_cast<size_t>(options.trials)) break;
    const size_t end = std::min(begin + length, ids.size());
    requests.push_back(
        encoder.Window(std::span(ids).subspan(begin, end - begin)));
  }
  return requests;
}

// The first position of the range that a position falls into.
size_t BucketOf(size_t position) {
  size_t first = 0;
  for (size_t next = kFirstBucket; next <= position; next *= 2) first = next;
  return first;
}

struct Sum {
  double log_likelihood = 0;
  int64_t tokens = 0;
  int64_t last = 0;  // the greatest position
};

TaskResult ResultOf(const std::string& name, const std::string& alias,
                    const Sum& sum) {
  TaskResult result;
  result.name = name;
  result.alias = alias;
  result.items = result.available = sum.tokens;
  result.is_benchmark = false;
  Figure figure;
  figure.name = "token_perplexity";
  figure.value =
      std::exp(-sum.log_likelihood / static_cast<double>(sum.tokens));
  figure.higher_is_better = false;
  result.figures = {figure};
  return result;
}

std::vector<TaskResult> ByPosition(const std::vector<SequenceScore>& windows) {
  std::map<size_t, Sum> buckets;
  Sum all;
  for (const SequenceScore& window : windows) {
    for (size_t i = 0; i < window.log_probs.size(); ++i) {
      // log_probs[i] is of the token at place i + 1.
      for (Sum* sum : {&buckets[BucketOf(i + 1)], &all}) {
        sum->log_likelihood += static_cast<double>(window.log_probs[i]);
        ++sum->tokens;
        sum->last = std::max(sum->last, static_cast<int64_t>(i + 1));
      }
    }
  }
  std::vector<TaskResult> results;
  if (all.tokens == 0) return results;
  results.push_back(ResultOf("position", "position", all));
  results.back().is_group = true;
  for (const auto& [first, sum] : buckets) {
    const size_t last = (first == 0 ? kFirstBucket : 2 * first) - 1;
    results.push_back(ResultOf(
        fmt::format("position_{}", first),
        fmt::format("tokens {} to {}", std::max<size_t>(first, 1), last), sum));
    results.back().parent = "position";
    results.back().context_tokens = sum.last;
  }
  return results;
}

}  // namespace

Job MakePositionJob(const std::string& text_path,
                    const LongContextOptions& options) {
  const auto text =
      std::make_shared<const std::string>(ReadTextFile(text_path));
  Job job;
  job.name = "position";
  job.requests = [text, options](const RequestEncoder& encoder) {
    return Windows(*text, options, encoder);
  };
  job.summarize = [](const std::vector<ScoreRequest>&,
                     const std::vector<SequenceScore>& scores) {
    return ByPosition(scores);
  };
  return job;
}

}  // namespace llamba

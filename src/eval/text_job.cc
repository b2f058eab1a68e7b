#include "eval/text_job.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "eval/statistics.h"
#include "eval/text.h"
#include "tokenizer/utf8.h"

namespace llamba {
namespace {

constexpr int64_t kOwnWindow = 1024;
constexpr uint64_t kBootstrapSeed = 1234;

using Ids = std::vector<int32_t>;

std::vector<ScoreRequest> OwnWindows(const std::string& text,
                                     const RequestEncoder& encoder) {
  const Ids ids = encoder.Text(text, false);
  const auto step = static_cast<size_t>(
      std::max<int64_t>(std::min(kOwnWindow, encoder.max_length()) - 1, 1));
  std::vector<ScoreRequest> requests;
  for (size_t begin = 0; begin < ids.size(); begin += step) {
    const size_t end = std::min(begin + step, ids.size());
    requests.push_back(
        encoder.Window(std::span(ids).subspan(begin, end - begin)));
  }
  return requests;
}

// The harness' text has the begin token where the tokenizer puts one, and
// scores it too.
std::vector<ScoreRequest> HarnessWindows(const std::string& text,
                                         const RequestEncoder& encoder) {
  Ids ids = encoder.Text(text, true);
  ids.insert(ids.begin(), encoder.prefix_token());
  const auto length = static_cast<size_t>(encoder.max_length());
  std::vector<ScoreRequest> requests;
  // ids[i] is scored for every i from 1 on; a window ends before `end`.
  for (size_t done = 1; done < ids.size();) {
    const size_t end = std::min(done + length, ids.size());
    const size_t begin =
        end > length + 1 && done > 1 ? end - length - 1 : done - 1;
    ScoreRequest request;
    request.ids.assign(ids.begin() + static_cast<ptrdiff_t>(begin),
                       ids.begin() + static_cast<ptrdiff_t>(end));
    request.first = done - begin;
    requests.push_back(std::move(request));
    done = end;
  }
  return requests;
}

Figure Lower(const std::string& name, double value) {
  Figure figure;
  figure.name = name;
  figure.value = value;
  figure.higher_is_better = false;
  return figure;
}

Figure TokenPerplexity(const std::vector<SequenceScore>& windows) {
  const auto over = [&](auto&& indices) {
    double sum = 0, tokens = 0;
    for (const size_t i : indices) {
      sum += windows[i].log_likelihood;
      tokens += static_cast<double>(windows[i].log_probs.size());
    }
    return std::exp(-sum / tokens);
  };
  std::vector<size_t> all(windows.size());
  std::iota(all.begin(), all.end(), size_t{0});
  Figure figure = Lower("token_perplexity", over(all));
  figure.error = BootstrapError(windows.size(), kBootstrapSeed, over);
  return figure;
}

TaskResult ResultOf(const std::string& name, const std::string& text,
                    const std::vector<SequenceScore>& windows) {
  TaskResult result;
  result.name = name;
  result.alias = name;
  double sum = 0;
  for (const SequenceScore& window : windows) {
    sum += window.log_likelihood;
    result.items += static_cast<int64_t>(window.log_probs.size());
  }
  result.available = result.items;
  const auto bytes = static_cast<double>(text.size());
  const auto words = static_cast<double>(CountWords(text));
  result.figures = {TokenPerplexity(windows),
                    Lower("word_perplexity", std::exp(-sum / words)),
                    Lower("byte_perplexity", std::exp(-sum / bytes)),
                    Lower("bits_per_byte", -sum / bytes / std::numbers::ln2)};
  return result;
}

}  // namespace

std::string ReadTextFile(const std::string& path) {
  const std::string bytes = ReadFile(path);
  CheckUtf8(bytes, path);
  std::string text = ReplaceAll(bytes, "<|end_of_text|>", "\n\n");
  if (Strip(text).empty()) Fail("{}: expected a text, found none", path);
  return text;
}

std::string TextName(const std::string& path) {
  return std::filesystem::path(path).stem().string();
}

std::vector<ScoreRequest> CutText(const std::string& text,
                                  const RequestEncoder& encoder,
                                  TextWindows windows) {
  return windows == TextWindows::kOwn ? OwnWindows(text, encoder)
                                      : HarnessWindows(text, encoder);
}

Job MakeTextJob(const std::string& path, TextWindows windows) {
  const auto text = std::make_shared<const std::string>(ReadTextFile(path));
  Job job;
  job.name = TextName(path) +
             (windows == TextWindows::kHarness ? "_harness_windows" : "");
  job.requests = [text, windows](const RequestEncoder& encoder) {
    return CutText(*text, encoder, windows);
  };
  job.summarize = [text, name = job.name](
                      const std::vector<ScoreRequest>&,
                      const std::vector<SequenceScore>& scores) {
    return std::vector<TaskResult>{ResultOf(name, *text, scores)};
  };
  return job;
}

}  // namespace llamba

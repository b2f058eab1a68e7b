#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <random>

#include "base/error.h"
#include "eval/aggregate.h"
#include "eval/long_context.h"
#include "eval/text_job.h"

namespace llamba {
namespace {

using Ids = std::vector<int32_t>;

constexpr std::array<const char*, 24> kFirstNames = {
    "Anna", "Ben",  "Clara", "David", "Emma", "Frank", "Grace", "Henry",
    "Ida",  "Jack", "Kate",  "Leo",   "Mary", "Nick",  "Olive", "Paul",
    "Rose", "Sam",  "Tom",   "Una",   "Vera", "Will",  "Zoe",   "Adam"};
constexpr std::array<const char*, 24> kLastNames = {
    "Baker", "Brook", "Carter", "Cook",  "Dale",   "Field", "Fisher", "Ford",
    "Green", "Hill",  "Hunter", "King",  "Lake",   "Marsh", "Mason",  "Miller",
    "Moore", "North", "Park",   "Stone", "Taylor", "West",  "Wood",   "Young"};
constexpr std::array<const char*, 20> kWords = {
    "apple", "bread", "chair", "cloud", "door",  "fish",  "garden",
    "horse", "house", "lamp",  "milk",  "river", "road",  "ship",
    "snow",  "table", "tower", "train", "tree",  "window"};

constexpr std::array<int, 5> kDepths = {0, 25, 50, 75, 100};
constexpr int64_t kFirstLength = 1024;
constexpr int64_t kLengthFactor = 4;

std::string Question(const std::string& name) {
  return "The secret word of " + name + " is";
}
std::string Fact(const std::string& name, const std::string& word) {
  return Question(name) + " " + word + ".\n";
}

struct Secret {
  std::string name, word;
};

// Names and words of one haystack's facts.
class Secrets {
 public:
  explicit Secrets(uint64_t seed) : generator_(seed) {}

  // Facts with names and words that differ.
  std::vector<Secret> Needles() {
    std::vector<size_t> names = Shuffled(kFirstNames.size());
    std::vector<size_t> words = Shuffled(kWords.size());
    std::vector<Secret> needles;
    for (size_t i = 0; i < kDepths.size(); ++i) {
      needles.push_back({kFirstNames[names[i]], kWords[words[i]]});
    }
    return needles;
  }
  // A fact of the hay: its name has two parts, so it is no needle's.
  std::string Straw() {
    return Fact(fmt::format("{} {}", kFirstNames[Draw(kFirstNames.size())],
                            kLastNames[Draw(kLastNames.size())]),
                kWords[Draw(kWords.size())]);
  }

 private:
  size_t Draw(size_t n) { return generator_() % n; }
  std::vector<size_t> Shuffled(size_t n) {
    std::vector<size_t> order(n);
    for (size_t i = 0; i < n; ++i) {
      order[i] = i;
      std::swap(order[i], order[Draw(i + 1)]);
    }
    return order;
  }

  std::mt19937_64 generator_;
};

// One question: a request a word that may answer it.
struct Asked {
  int64_t length;
  size_t depth;  // of kDepths, and the right option
};

// The tokens of `text` behind those of `before`.
Ids Behind(const RequestEncoder& encoder, const std::string& before,
           const std::string& text) {
  Ids ids = encoder.Text(before + text, false);
  const size_t skip = encoder.Text(before, false).size();
  ids.erase(ids.begin(),
            ids.begin() + static_cast<ptrdiff_t>(std::min(skip, ids.size())));
  return ids;
}

// Hay of at least `tokens` tokens, from `offset` on.
Ids Hay(const RequestEncoder& encoder, const Ids& text, size_t offset,
        size_t tokens, Secrets* secrets) {
  Ids hay;
  while (hay.size() < tokens) {
    if (text.empty()) {
      const Ids straw = Behind(encoder, "\n", secrets->Straw());
      hay.insert(hay.end(), straw.begin(), straw.end());
    } else {
      hay.push_back(text[offset++ % text.size()]);
    }
  }
  hay.resize(tokens);
  return hay;
}

// The hay with the facts in it, `length` tokens in all.
Ids Haystack(const RequestEncoder& encoder, const Ids& text, size_t offset,
             size_t length, const std::vector<Secret>& needles,
             Secrets* secrets) {
  Ids stack = {encoder.prefix_token()};
  std::vector<Ids> facts;
  size_t fact_tokens = stack.size();
  for (const Secret& needle : needles) {
    facts.push_back(
        Behind(encoder, "\n", "\n" + Fact(needle.name, needle.word)));
    fact_tokens += facts.back().size();
  }
  const size_t room = length > fact_tokens ? length - fact_tokens : 0;
  const Ids hay = Hay(encoder, text, offset, room, secrets);
  size_t at = 0;
  for (size_t i = 0; i < facts.size(); ++i) {
    const size_t until = room * static_cast<size_t>(kDepths[i]) / 100;
    stack.insert(stack.end(), hay.begin() + static_cast<ptrdiff_t>(at),
                 hay.begin() + static_cast<ptrdiff_t>(until));
    stack.insert(stack.end(), facts[i].begin(), facts[i].end());
    at = until;
  }
  return stack;
}

// Asks for every needle, with every needle's word as an answer.
void Ask(const RequestEncoder& encoder, const Ids& stack,
         const std::vector<Secret>& needles,
         std::vector<ScoreRequest>* requests) {
  for (const Secret& asked : needles) {
    const std::string question = "\n" + Question(asked.name);
    const Ids query = Behind(encoder, "\n", question);
    for (const Secret& answer : needles) {
      ScoreRequest request;
      request.ids = stack;
      request.ids.insert(request.ids.end(), query.begin(), query.end());
      request.first = request.ids.size();
      const Ids word =
          Behind(encoder, "\n" + question, " " + answer.word + ".");
      request.ids.insert(request.ids.end(), word.begin(), word.end());
      requests->push_back(std::move(request));
    }
  }
}

class Needles {
 public:
  Needles(std::string name, std::string text, const LongContextOptions& options)
      : name_(std::move(name)), text_(std::move(text)), options_(options) {}

  std::vector<ScoreRequest> Requests(const RequestEncoder& encoder) {
    asked_.clear();
    std::vector<ScoreRequest> requests;
    const Ids text = text_.empty() ? Ids{} : encoder.Text(text_, false);
    // What is asked comes behind the haystack.
    constexpr int64_t kQuestionTokens = 64;
    for (int64_t length = kFirstLength;
         length <= options_.tokens &&
         length + kQuestionTokens <= encoder.most();
         length *= kLengthFactor) {
      for (int trial = 0; trial < options_.trials; ++trial) {
        Secrets secrets(options_.seed + static_cast<uint64_t>(trial));
        const std::vector<Secret> needles = secrets.Needles();
        const size_t offset = text.size() /
                              static_cast<size_t>(options_.trials) *
                              static_cast<size_t>(trial);
        Ask(encoder,
            Haystack(encoder, text, offset, static_cast<size_t>(length),
                     needles, &secrets),
            needles, &requests);
        for (size_t i = 0; i < needles.size(); ++i) {
          asked_.push_back({length, i});
        }
      }
    }
    return requests;
  }

  std::vector<TaskResult> Summarize(const std::vector<SequenceScore>& scores) {
    std::map<int64_t, std::map<size_t, std::vector<ItemScore>>> items;
    for (size_t i = 0; i < asked_.size(); ++i) {
      ItemScore item;
      item.gold = static_cast<int>(asked_[i].depth);
      for (size_t j = 0; j < kDepths.size(); ++j) {
        item.sums.push_back(scores[i * kDepths.size() + j].log_likelihood);
      }
      item.greedy = scores[i * kDepths.size() + asked_[i].depth].greedy;
      items[asked_[i].length][asked_[i].depth].push_back(std::move(item));
    }
    std::vector<TaskResult> results;
    std::vector<ItemScore> all;
    for (const auto& [length, depths] : items) {
      const std::string key = fmt::format("{}_{}", name_, length);
      const size_t at = results.size();
      std::vector<ItemScore> of_length;
      for (const auto& [depth, list] : depths) {
        results.push_back(Result(fmt::format("{}_{}", key, kDepths[depth]),
                                 fmt::format("depth {} %", kDepths[depth]), key,
                                 list));
        of_length.insert(of_length.end(), list.begin(), list.end());
      }
      TaskResult whole =
          Result(key, fmt::format("{} tokens", length), name_, of_length);
      whole.is_group = true;
      whole.context_tokens = length;
      results.insert(results.begin() + static_cast<ptrdiff_t>(at), whole);
      all.insert(all.end(), of_length.begin(), of_length.end());
    }
    if (all.empty()) return results;
    TaskResult whole = Result(name_, name_, "", all);
    whole.is_group = true;
    results.insert(results.begin(), whole);
    return results;
  }

 private:
  static TaskResult Result(const std::string& name, const std::string& alias,
                           const std::string& parent,
                           const std::vector<ItemScore>& items) {
    constexpr std::array kMetrics = {Metric::kAcc, Metric::kExactMatch};
    TaskResult result;
    result.name = name;
    result.alias = alias;
    result.parent = parent;
    result.items = result.available = static_cast<int64_t>(items.size());
    result.is_benchmark = false;
    result.figures = Aggregate(items, kMetrics);
    return result;
  }

  std::string name_, text_;
  LongContextOptions options_;
  std::vector<Asked> asked_;  // of the requests last made
};

}  // namespace

Job MakeNeedleJob(const std::string& text_path,
                  const LongContextOptions& options) {
  Job job;
  job.name = text_path.empty() ? "kv" : "needle";
  const auto needles = std::make_shared<Needles>(
      job.name, text_path.empty() ? "" : ReadTextFile(text_path), options);
  job.requests = [needles](const RequestEncoder& encoder) {
    return needles->Requests(encoder);
  };
  job.summarize = [needles](const std::vector<ScoreRequest>&,
                            const std::vector<SequenceScore>& scores) {
    return needles->Summarize(scores);
  };
  return job;
}

}  // namespace llamba

#include "eval/run_task.h"

#include <algorithm>
#include <map>
#include <random>

#include "base/error.h"
#include "eval/data_files.h"

namespace llamba {
namespace {

std::vector<Item> MakeItems(const Task& task,
                            const std::vector<Record>& records) {
  std::vector<Item> items;
  for (const Record& record : records) {
    items.push_back(task.make(record));
    LLAMBA_ASSERT(items.back().gold >= 0 &&
                  static_cast<size_t>(items.back().gold) <
                      items.back().options.size());
  }
  return items;
}

// An item with its answer, as it stands before another one.
std::string ExampleText(const Item& item) {
  const Option& right = item.options[static_cast<size_t>(item.gold)];
  return right.context + right.continuation + "\n\n";
}

// Chooses examples, by the task's rule.
class Examples {
 public:
  Examples(const Task& task, const std::string& directory,
           const std::vector<Item>& items, const TaskOptions& options)
      : task_(task), options_(options) {
    if (options.shots == 0) return;
    pool_ = MakeItems(task, ReadExamples(task, directory));
    own_ = pool_.empty();
    if (own_) pool_ = items;
  }

  // The texts that go before item `index` of the task.
  std::string Before(const Item& item, size_t index) const {
    std::string text = item.header;
    if (options_.shots == 0) return text;
    for (const size_t i : Choose(item, index)) text += ExampleText(pool_[i]);
    return text;
  }

 private:
  std::vector<size_t> Candidates(const Item& item, size_t index) const {
    std::vector<size_t> candidates;
    for (size_t i = 0; i < pool_.size(); ++i) {
      if (own_ && i == index) continue;  // never the question itself
      if (pool_[i].subject == item.subject) candidates.push_back(i);
    }
    const auto shots = static_cast<size_t>(options_.shots);
    if (candidates.size() < shots) {
      Fail("task {}: expected {} examples{}, found {}", task_.name, shots,
           item.subject.empty() ? "" : " of " + item.subject,
           candidates.size());
    }
    return candidates;
  }

  std::vector<size_t> Choose(const Item& item, size_t index) const {
    std::vector<size_t> candidates = Candidates(item, index);
    const auto shots = static_cast<size_t>(options_.shots);
    if (!task_.first_examples) {
      std::mt19937_64 generator(options_.seed + index);
      for (size_t i = 0; i < shots; ++i) {
        std::swap(candidates[i],
                  candidates[i + generator() % (candidates.size() - i)]);
      }
    }
    candidates.resize(shots);
    return candidates;
  }

  const Task& task_;
  const TaskOptions& options_;
  std::vector<Item> pool_;
  bool own_ = false;
};

TaskResult ResultOf(const Task& task, const TaskItems& items,
                    const std::vector<ItemScore>& scores,
                    const std::vector<size_t>& which, int shots) {
  std::vector<ItemScore> chosen;
  chosen.reserve(which.size());
  for (const size_t i : which) chosen.push_back(scores[i]);
  TaskResult result;
  result.name = task.name;
  result.alias = task.name;
  result.items = static_cast<int64_t>(which.size());
  result.available = items.available[which.front()];
  result.shots = shots;
  result.figures = Aggregate(chosen, task.metrics);
  return result;
}

TaskResult Group(const std::string& name, const std::string& alias,
                 const std::string& parent,
                 const std::vector<const TaskResult*>& subjects) {
  TaskResult group;
  group.name = name;
  group.alias = alias;
  group.parent = parent;
  group.is_group = true;
  group.shots = subjects.front()->shots;
  for (const TaskResult* subject : subjects) {
    group.items += subject->items;
    group.available += subject->available;
  }
  group.figures = Pool(subjects);
  return group;
}

std::vector<TaskResult> WithGroups(const Task& task,
                                   const std::vector<TaskResult>& subjects) {
  std::map<std::string, std::vector<const TaskResult*>> groups;
  std::vector<const TaskResult*> all;
  for (const TaskResult& subject : subjects) {
    groups[subject.parent].push_back(&subject);
    all.push_back(&subject);
  }
  std::vector<TaskResult> results = {Group(task.name, task.name, "", all)};
  for (const auto& [name, members] : groups) {
    results.push_back(
        Group(name, name.substr(task.name.size() + 1), task.name, members));
    for (const TaskResult* subject : members) results.push_back(*subject);
  }
  return results;
}

}  // namespace

std::string NameOf(const Task& task, const std::string& subject) {
  return subject.empty() ? task.name : task.name + "_" + subject;
}

TaskItems PrepareItems(const Task& task, const std::string& directory,
                       const TaskOptions& options) {
  LLAMBA_ASSERT(!options.limit || *options.limit >= 1);
  const std::vector<Item> all = MakeItems(task, ReadItems(task, directory));
  const Examples examples(task, directory, all, options);
  std::map<std::string, int64_t> available, taken;
  for (const Item& item : all) ++available[item.subject];
  TaskItems prepared;
  for (size_t i = 0; i < all.size(); ++i) {
    if (options.limit && taken[all[i].subject]++ >= *options.limit) continue;
    Item item = all[i];
    const std::string before = examples.Before(item, i);
    for (Option& option : item.options) {
      option.context = before + option.context;
    }
    prepared.available.push_back(available[item.subject]);
    prepared.items.push_back(std::move(item));
  }
  return prepared;
}

std::vector<ScoreRequest> MakeRequests(const TaskItems& items,
                                       const RequestEncoder& encoder) {
  std::vector<ScoreRequest> requests;
  for (const Item& item : items.items) {
    for (const Option& option : item.options) {
      requests.push_back(encoder.Pair(option.context, option.continuation));
    }
  }
  return requests;
}

std::vector<ItemScore> ScoreItems(const TaskItems& items,
                                  const std::vector<SequenceScore>& scores) {
  std::vector<ItemScore> item_scores;
  size_t request = 0;
  for (const Item& item : items.items) {
    ItemScore score;
    score.gold = item.gold;
    score.greedy = scores[request].greedy;
    for (const Option& option : item.options) {
      score.sums.push_back(scores[request++].log_likelihood);
      score.characters.push_back(option.characters);
    }
    item_scores.push_back(std::move(score));
  }
  return item_scores;
}

std::vector<TaskResult> Summarize(const Task& task, const TaskItems& items,
                                  const std::vector<SequenceScore>& scores,
                                  int shots) {
  const std::vector<ItemScore> item_scores = ScoreItems(items, scores);
  std::map<std::string, std::vector<size_t>> by_subject;
  for (size_t i = 0; i < items.items.size(); ++i) {
    by_subject[items.items[i].subject].push_back(i);
  }
  std::vector<TaskResult> results;
  for (const auto& [subject, which] : by_subject) {
    TaskResult result = ResultOf(task, items, item_scores, which, shots);
    if (!subject.empty()) {
      result.name = NameOf(task, subject);
      result.alias = subject;
      result.parent = task.name + "_" + task.group_of(subject);
    }
    results.push_back(std::move(result));
  }
  return task.group_of == nullptr ? results : WithGroups(task, results);
}

}  // namespace llamba

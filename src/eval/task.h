#ifndef LLAMBA_EVAL_TASK_H_
#define LLAMBA_EVAL_TASK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "eval/record.h"

namespace llamba {

// One way to go on: the continuation's likelihood after the context counts.
struct Option {
  std::string context;
  std::string continuation;  // the joining blank included
  // Unicode characters of the choice alone, which acc_norm divides by.
  int64_t characters = 0;
};

// One question. Where there is one option alone, it is right if every token of
// it is the model's first choice.
struct Item {
  std::vector<Option> options;
  int gold = 0;
  std::string header;   // stands before examples and context
  std::string subject;  // part of the task that is reported by itself, or empty
};

// The usual item: one context and, after a blank, one of these choices.
Item MakeItem(const std::string& context,
              const std::vector<std::string>& choices, int gold);

enum class Metric {
  kAcc,         // the likeliest continuation is the right one
  kAccNorm,     // by likelihood a character
  kF1,          // of option 1
  kMcc,         // Matthews correlation
  kExactMatch,  // the right continuation is the model's first choice
  kPerplexity,  // exp(-mean of the right continuation's log-likelihood)
};

// A task is a row of data: where its items are found, how one becomes an Item,
// what is computed. See tasks/: a file a task.
struct Task {
  std::string name;
  // Paths within the data directory, the first that exists is read: .jsonl,
  // .csv or .tsv. A '*' stands for any name and becomes the field "file".
  std::vector<std::string> files;
  Item (*make)(const Record& record) = nullptr;
  std::vector<Metric> metrics = {Metric::kAcc};
  // Beside each of `files`: lines that become the field "label" of its items.
  // Empty where the items have theirs.
  std::vector<std::string> label_files = {};
  // Names of the columns of a table that does not name them itself.
  std::vector<std::string> columns = {};
  // Where examples for --num-fewshot come from; else the task's other items.
  std::vector<std::string> example_files = {};
  // The first examples of the subject in the file's order, instead of drawn.
  bool first_examples = false;
  // The group that a subject's figures are summed up in; null for no subjects.
  std::string (*group_of)(const std::string& subject) = nullptr;
};

}  // namespace llamba

#endif  // LLAMBA_EVAL_TASK_H_

#include "eval/tasks/all.h"
#include "eval/text.h"

namespace llamba {
namespace {

Item Make(const Record& record) {
  const std::string question = record.Text("question");
  if (question != "cause" && question != "effect") {
    record.FailField("question", "'cause' or 'effect'");
  }
  const std::string text = record.Text("premise");
  std::string premise(Strip(text));
  if (!premise.empty()) premise.pop_back();  // the full stop
  std::vector<std::string> choices;
  for (const char* field : {"choice1", "choice2"}) {
    // A blank of its own behind the joining one, as the harness has it.
    choices.push_back(" " + LowerFirst(record.Text(field)));
  }
  return MakeItem(premise + (question == "cause" ? " because" : " therefore"),
                  choices, record.Whole("label", 0, 1));
}

}  // namespace

Task Copa() {
  Task task;
  task.name = "copa";
  task.files = {"copa.jsonl", "COPA/val.jsonl"};
  task.example_files = {"copa_train.jsonl", "COPA/train.jsonl"};
  task.make = Make;
  return task;
}

}  // namespace llamba

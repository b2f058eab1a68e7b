#include "eval/tasks/all.h"

namespace llamba {
namespace {

// The authors' passages have their title beside them; SuperGLUE's, which the
// harness reads, begin with it.
Item Make(const Record& record) {
  std::string passage = record.Text("passage");
  if (record.Has("title")) passage = record.Text("title") + " -- " + passage;
  return MakeItem(
      passage + "\nQuestion: " + record.Text("question") + "?\nAnswer:",
      {"no", "yes"},
      record.Whole(record.Has("label") ? "label" : "answer", 0, 1));
}

}  // namespace

Task BoolQ() {
  Task task;
  task.name = "boolq";
  task.files = {"boolq.jsonl", "BoolQ/val.jsonl", "boolq/dev.jsonl"};
  task.example_files = {"boolq_train.jsonl", "BoolQ/train.jsonl",
                        "boolq/train.jsonl"};
  task.make = Make;
  return task;
}

}  // namespace llamba

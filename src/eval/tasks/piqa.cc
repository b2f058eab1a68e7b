#include "eval/tasks/all.h"

namespace llamba {
namespace {

Item Make(const Record& record) {
  return MakeItem("Question: " + record.Text("goal") + "\nAnswer:",
                  {record.Text("sol1"), record.Text("sol2")},
                  record.Whole("label", 0, 1));
}

}  // namespace

Task Piqa() {
  Task task;
  task.name = "piqa";
  task.files = {"piqa.jsonl", "dev.jsonl", "valid.jsonl", "piqa/dev.jsonl",
                "piqa/valid.jsonl"};
  task.label_files = {"piqa-labels.lst", "dev-labels.lst", "valid-labels.lst",
                      "piqa/dev-labels.lst", "piqa/valid-labels.lst"};
  task.make = Make;
  task.metrics = {Metric::kAcc, Metric::kAccNorm};
  return task;
}

}  // namespace llamba

#include "eval/tasks/all.h"
#include "eval/tasks/choices.h"

namespace llamba {
namespace {

Item Make(const Record& record) {
  const bool nested = record.IsObject("question");
  const Record question = nested ? record.Object("question") : record;
  const Choices choices = ReadChoices(question, record);
  return MakeItem(question.Text(nested ? "stem" : "question_stem"),
                  choices.texts, choices.gold);
}

}  // namespace

Task OpenBookQa() {
  Task task;
  task.name = "openbookqa";
  task.files = {"openbookqa.jsonl", "Main/test.jsonl",
                "OpenBookQA-V1-Sep2018/Data/Main/test.jsonl"};
  task.example_files = {"openbookqa_train.jsonl", "Main/train.jsonl",
                        "OpenBookQA-V1-Sep2018/Data/Main/train.jsonl"};
  task.make = Make;
  task.metrics = {Metric::kAcc, Metric::kAccNorm};
  return task;
}

}  // namespace llamba

#include "eval/tasks/all.h"
#include "eval/tasks/choices.h"

namespace llamba {
namespace {

// Ours: "query" with "Question: " before it. The authors': "question" with stem
// and choices in it; as data sets have it, a text beside "choices".
Item Make(const Record& record) {
  if (record.Has("query")) {
    const Choices choices = ReadChoices(record, record);
    return MakeItem(record.Text("query") + "\nAnswer:", choices.texts,
                    choices.gold);
  }
  const bool nested = record.IsObject("question");
  const Record question = nested ? record.Object("question") : record;
  const Choices choices = ReadChoices(question, record);
  return MakeItem(
      "Question: " + question.Text(nested ? "stem" : "question") + "\nAnswer:",
      choices.texts, choices.gold);
}

Task Arc(const std::string& name, const std::string& folder) {
  Task task;
  task.name = name;
  const std::string published = folder + "/" + folder;
  task.files = {name + ".jsonl", folder + "-Test.jsonl",
                published + "-Test.jsonl"};
  task.example_files = {name + "_train.jsonl", folder + "-Train.jsonl",
                        published + "-Train.jsonl"};
  task.make = Make;
  task.metrics = {Metric::kAcc, Metric::kAccNorm};
  return task;
}

}  // namespace

Task ArcEasy() { return Arc("arc_easy", "ARC-Easy"); }
Task ArcChallenge() { return Arc("arc_challenge", "ARC-Challenge"); }

}  // namespace llamba

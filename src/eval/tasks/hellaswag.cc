#include <regex>

#include "eval/tasks/all.h"
#include "eval/tasks/choices.h"
#include "eval/text.h"

namespace llamba {
namespace {

// WikiHow's own marks go out of the authors' texts.
std::string Clean(const std::string& text) {
  static const std::regex kMark("\\[[^\\n]*?\\]");
  std::string clean = ReplaceAll(Strip(text), " [title]", ". ");
  clean = std::regex_replace(clean, kMark, "");
  return ReplaceAll(clean, "  ", " ");
}

Item Make(const Record& record) {
  if (record.Has("query")) {  // prepared already
    const Choices choices = ReadChoices(record, record);
    return MakeItem(record.Text("query"), choices.texts, choices.gold);
  }
  std::vector<std::string> endings = record.Texts("endings");
  for (std::string& ending : endings) ending = Clean(ending);
  const std::string query = record.Text("activity_label") + ": " +
                            record.Text("ctx_a") + " " +
                            Capitalize(record.Text("ctx_b"));
  const int last = static_cast<int>(endings.size()) - 1;
  return MakeItem(Clean(query), endings, record.Whole("label", 0, last));
}

}  // namespace

Task HellaSwag() {
  Task task;
  task.name = "hellaswag";
  task.files = {"hellaswag.jsonl", "hellaswag_val.jsonl"};
  task.example_files = {"hellaswag_train.jsonl"};
  task.make = Make;
  task.metrics = {Metric::kAcc, Metric::kAccNorm};
  return task;
}

}  // namespace llamba

#include "eval/tasks/all.h"
#include "eval/tasks/choices.h"
#include "eval/text.h"

namespace llamba {
namespace {

// re.sub("\\[.*?\\]", "", text): what stands in brackets on one line.
std::string WithoutMarks(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const size_t open = text.find('[');
    const size_t end = text.find_first_of("]\n", open);
    const bool closed = end != text.npos && text[end] == ']';
    kept += text.substr(0, closed ? open : end);
    if (end == text.npos) break;
    if (!closed) kept += '\n';
    text.remove_prefix(end + 1);
  }
  return kept;
}

// WikiHow's own marks go out of the authors' texts.
std::string Clean(const std::string& text) {
  return ReplaceAll(WithoutMarks(ReplaceAll(Strip(text), " [title]", ". ")),
                    "  ", " ");
}

Item Make(const Record& record) {
  if (record.Has("query")) {  // prepared already
    const Choices choices = ReadChoices(record, record);
    return MakeItem(record.Text("query"), choices.texts, choices.gold);
  }
  std::vector<std::string> endings = record.Texts("endings");
  if (endings.empty()) record.FailField("endings", "at least one");
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

#include "eval/tasks/all.h"
#include "eval/text.h"

namespace llamba {
namespace {

// Two contexts and the one rest of the sentence after them (partial
// evaluation: which reading makes the rest likelier?).
Item Make(const Record& record) {
  const std::string sentence = record.Text("sentence");
  const size_t gap = sentence.find('_');
  if (gap == std::string::npos) record.FailField("sentence", "a text with '_'");
  const std::string rest(Strip(std::string_view(sentence).substr(gap + 1)));
  Item item;
  item.gold = record.Whole("answer", 1, 2) - 1;
  for (const char* option : {"option1", "option2"}) {
    item.options.push_back({sentence.substr(0, gap) + record.Text(option),
                            " " + rest, CountCharacters(rest)});
  }
  return item;
}

}  // namespace

Task WinoGrande() {
  Task task;
  task.name = "winogrande";
  task.files = {"winogrande.jsonl", "winogrande_1.1/dev.jsonl"};
  task.example_files = {"winogrande_train.jsonl",
                        "winogrande_1.1/train_xl.jsonl"};
  task.make = Make;
  return task;
}

}  // namespace llamba

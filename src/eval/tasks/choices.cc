#include "eval/tasks/choices.h"

#include <algorithm>

namespace llamba {
namespace {

int IndexOfLabel(const std::vector<std::string>& labels, const Record& answer) {
  const std::string key = answer.Text("answerKey");
  const auto found = std::find(labels.begin(), labels.end(), key);
  if (found == labels.end()) {
    answer.FailField("answerKey", "a label of one of the choices");
  }
  return static_cast<int>(found - labels.begin());
}

}  // namespace

Choices ReadChoices(const Record& record, const Record& answer) {
  Choices choices;
  std::vector<std::string> labels;
  if (record.IsObject("choices")) {
    const Record both = record.Object("choices");
    choices.texts = both.Texts("text");
    labels = both.Texts("label");
    if (labels.size() != choices.texts.size()) {
      both.FailField("label", "as many labels as texts");
    }
  } else if (answer.Has("answerKey")) {
    for (const Record& choice : record.Objects("choices")) {
      choices.texts.push_back(choice.Text("text"));
      labels.push_back(choice.Text("label"));
    }
  } else {
    choices.texts = record.Texts("choices");
  }
  if (choices.texts.empty()) record.FailField("choices", "at least one");
  if (!labels.empty()) {
    choices.gold = IndexOfLabel(labels, answer);
  } else {
    choices.gold = answer.Whole(answer.Has("gold") ? "gold" : "answer", 0,
                                static_cast<int>(choices.texts.size()) - 1);
  }
  return choices;
}

}  // namespace llamba

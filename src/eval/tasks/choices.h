#ifndef LLAMBA_EVAL_TASKS_CHOICES_H_
#define LLAMBA_EVAL_TASKS_CHOICES_H_

#include <string>
#include <vector>

#include "eval/record.h"

namespace llamba {

struct Choices {
  std::vector<std::string> texts;
  int gold = 0;
};

// The choices of a record and which of them is right, in any of the forms that
// occur: "choices": [texts] with an index in "gold" or "answer"; "choices":
// {"text": [..], "label": [..]} or [{"text", "label"}, ..] with the right label
// in "answerKey". `answer` holds the index or key where it is not the same
// record. Throws Error naming file, line and field.
Choices ReadChoices(const Record& record, const Record& answer);

}  // namespace llamba

#endif  // LLAMBA_EVAL_TASKS_CHOICES_H_

#include <array>

#include "eval/tasks/all.h"
#include "eval/text.h"

namespace llamba {
namespace {

constexpr std::array<const char*, 4> kLetters = {"A", "B", "C", "D"};

// The authors' tables are named "test/abstract_algebra_test.csv".
std::string SubjectOf(const Record& record) {
  if (record.Has("subject")) return record.Text("subject");
  return record.Text("file");
}

std::vector<std::string> ChoicesOf(const Record& record) {
  if (record.Has("choices")) {
    std::vector<std::string> choices = record.Texts("choices");
    if (choices.size() != kLetters.size()) {
      record.FailField("choices", "four choices");
    }
    return choices;
  }
  std::vector<std::string> choices;
  choices.reserve(kLetters.size());
  for (const char* letter : kLetters) choices.push_back(record.Text(letter));
  return choices;
}

int AnswerOf(const Record& record) {
  for (size_t i = 0; i < kLetters.size(); ++i) {
    if (record.Text("answer") == kLetters[i]) return static_cast<int>(i);
  }
  return record.Whole("answer", 0, static_cast<int>(kLetters.size()) - 1);
}

Item Make(const Record& record) {
  const std::string question = record.Text("question");
  std::string context(Strip(question));
  const std::vector<std::string> choices = ChoicesOf(record);
  for (size_t i = 0; i < kLetters.size(); ++i) {
    context += std::string("\n") + kLetters[i] + ". " + choices[i];
  }
  Item item =
      MakeItem(context + "\nAnswer:", {kLetters.begin(), kLetters.end()},
               AnswerOf(record));
  item.subject = SubjectOf(record);
  item.header =
      "The following are multiple choice questions (with answers) about " +
      ReplaceAll(item.subject, "_", " ") + ".\n\n";
  return item;
}

bool Among(const std::string& subject,
           std::initializer_list<std::string_view> subjects) {
  for (const std::string_view one : subjects) {
    if (one == subject) return true;
  }
  return false;
}

// The authors' four groups. A subject that none of them names is "other".
std::string GroupOf(const std::string& subject) {
  if (Among(subject, {"formal_logic", "high_school_european_history",
                      "high_school_us_history", "high_school_world_history",
                      "international_law", "jurisprudence", "logical_fallacies",
                      "moral_disputes", "moral_scenarios", "philosophy",
                      "prehistory", "professional_law", "world_religions"})) {
    return "humanities";
  }
  if (Among(
          subject,
          {"econometrics", "high_school_geography",
           "high_school_government_and_politics", "high_school_macroeconomics",
           "high_school_microeconomics", "high_school_psychology",
           "human_sexuality", "professional_psychology", "public_relations",
           "security_studies", "sociology", "us_foreign_policy"})) {
    return "social_sciences";
  }
  if (Among(subject,
            {"abstract_algebra", "anatomy", "astronomy", "college_biology",
             "college_chemistry", "college_computer_science",
             "college_mathematics", "college_physics", "computer_security",
             "conceptual_physics", "electrical_engineering",
             "elementary_mathematics", "high_school_biology",
             "high_school_chemistry", "high_school_computer_science",
             "high_school_mathematics", "high_school_physics",
             "high_school_statistics", "machine_learning"})) {
    return "stem";
  }
  return "other";
}

}  // namespace

Task Mmlu() {
  Task task;
  task.name = "mmlu";
  task.files = {"mmlu.jsonl", "mmlu/test/*_test.csv", "test/*_test.csv"};
  task.columns = {"question", "A", "B", "C", "D", "answer"};
  task.example_files = {"mmlu_dev.jsonl", "mmlu/dev/*_dev.csv",
                        "dev/*_dev.csv"};
  task.make = Make;
  task.first_examples = true;
  task.group_of = GroupOf;
  return task;
}

}  // namespace llamba

#include "eval/tasks/all.h"
#include "eval/text.h"

namespace llamba {
namespace {

// The last word of a passage. Ours has the two parts, OpenAI's file the "text".
Item Make(const Record& record) {
  std::string context, word;
  if (record.Has("text")) {
    const std::string text = record.Text("text");
    const size_t gap = text.rfind(' ');
    if (gap == std::string::npos) record.FailField("text", "two words or more");
    context = text.substr(0, gap);
    word = text.substr(gap + 1);
  } else {
    context = record.Text("context");
    word = record.Text("continuation");
  }
  return MakeItem(context, {word}, 0);
}

}  // namespace

Task LambadaOpenAi() {
  Task task;
  task.name = "lambada_openai";
  task.files = {"lambada_openai.jsonl", "lambada_test.jsonl"};
  task.make = Make;
  task.metrics = {Metric::kPerplexity, Metric::kAcc};
  return task;
}

}  // namespace llamba

#include "eval/tasks/all.h"

// The tasks of GLUE with one question form each. Their tables (TSV) are read as
// published, with the published names of columns.
namespace llamba {
namespace {

// The first of two names that the record has.
std::string Either(const Record& record, const char* ours, const char* glue) {
  return record.Text(record.Has(ours) ? ours : glue);
}

Item MakeRte(const Record& record) {
  int gold = 0;
  const std::string label =
      record.IsList("label") ? "" : Either(record, "label", "label");
  if (label == "entailment" || label == "not_entailment") {
    gold = label == "entailment" ? 0 : 1;
  } else {
    gold = record.Whole("label", 0, 1);
  }
  return MakeItem(record.Text("sentence1") + "\nQuestion: " +
                      record.Text("sentence2") + " True or False?\nAnswer:",
                  {"True", "False"}, gold);
}

Item MakeSst2(const Record& record) {
  return MakeItem(record.Text("sentence") +
                      "\nQuestion: Is this sentence positive or "
                      "negative?\nAnswer:",
                  {"negative", "positive"}, record.Whole("label", 0, 1));
}

Item MakeMrpc(const Record& record) {
  const std::string label = record.Has("label") ? "label" : "Quality";
  return MakeItem(
      "Sentence 1: " + Either(record, "sentence1", "#1 String") +
          "\nSentence 2: " + Either(record, "sentence2", "#2 String") +
          "\nQuestion: Do both sentences mean the same thing?\nAnswer:",
      {"no", "yes"}, record.Whole(label, 0, 1));
}

Item MakeCola(const Record& record) {
  return MakeItem(record.Text("sentence") +
                      "\nQuestion: Does this sentence make sense?\nAnswer:",
                  {"no", "yes"}, record.Whole("label", 0, 1));
}

Task Glue(const std::string& name, const std::string& folder,
          Item (*make)(const Record&), std::vector<Metric> metrics) {
  Task task;
  task.name = name;
  task.files = {name + ".jsonl", name + ".tsv", folder + "/dev.tsv"};
  task.example_files = {name + "_train.jsonl", name + "_train.tsv",
                        folder + "/train.tsv"};
  task.make = make;
  task.metrics = std::move(metrics);
  return task;
}

}  // namespace

Task Rte() { return Glue("rte", "RTE", MakeRte, {Metric::kAcc}); }
Task Sst2() { return Glue("sst2", "SST-2", MakeSst2, {Metric::kAcc}); }
Task Mrpc() {
  return Glue("mrpc", "MRPC", MakeMrpc, {Metric::kAcc, Metric::kF1});
}
Task Cola() {
  Task task = Glue("cola", "CoLA", MakeCola, {Metric::kMcc});
  // Source, acceptability, the author's mark, sentence: no line of names.
  task.columns = {"source", "label", "mark", "sentence"};
  return task;
}

}  // namespace llamba

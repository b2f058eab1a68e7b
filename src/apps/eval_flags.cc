#include "apps/eval_flags.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "apps/number_checks.h"
#include "apps/suggest.h"
#include "base/error.h"
#include "eval/long_context.h"
#include "eval/tasks/all.h"
#include "eval/text_job.h"

namespace llamba {
namespace {

std::vector<std::string> SplitNames(const std::string& list) {
  std::vector<std::string> names;
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    if (end > at) names.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

std::vector<std::string> TaskNames() {
  std::vector<std::string> names;
  for (const Task& task : AllTasks()) names.push_back(task.name);
  return names;
}

const Task* TaskNamed(const std::string& name) {
  const Task* task = FindTask(name);
  if (task != nullptr) return task;
  Fail("--tasks: no task '{}'.{} Tasks: {}", name,
       DidYouMean(name, TaskNames()), fmt::join(TaskNames(), ", "));
}

void AddTextJobs(const EvalFlags& flags, std::vector<Job>* jobs) {
  for (const std::string& text : flags.texts) {
    if (flags.windows != "harness") {
      jobs->push_back(MakeTextJob(text, TextWindows::kOwn));
    }
    if (flags.windows != "own") {
      jobs->push_back(MakeTextJob(text, TextWindows::kHarness));
    }
  }
}

void AddLongJobs(const EvalFlags& flags, std::vector<Job>* jobs) {
  if (flags.long_context == 0) return;
  LongContextOptions options;
  options.tokens = flags.long_context;
  if (!flags.long_text.empty()) {
    jobs->push_back(MakePositionJob(flags.long_text, options));
    jobs->push_back(MakeNeedleJob(flags.long_text, options));
  }
  jobs->push_back(MakeNeedleJob("", options));
}

void AddLongTextFlags(CLI::App& command, EvalFlags& flags) {
  CLI::Option* text =
      command
          .add_option("--text", flags.texts,
                      "A text to measure the perplexity of; may be repeated")
          ->type_name("FILE");
  Choose(command
             .add_option("--windows", flags.windows,
                         "How a text is cut: in windows of 1,024 tokens, or "
                         "as lm-evaluation-harness does")
             ->capture_default_str()
             ->needs(text),
         {"own", "harness", "both"});
  CLI::Option* long_context =
      command
          .add_option("--long-context", flags.long_context,
                      "Look for facts in contexts of up to so many tokens")
          ->type_name("TOKENS")
          ->check(WholeNumber(1024, int64_t{1} << 24));
  command
      .add_option("--long-text", flags.long_text,
                  "With --long-context: hide facts in this text too, and "
                  "measure its perplexity by position")
      ->type_name("FILE")
      ->needs(long_context);
}

void AddOutputFlags(CLI::App& command, EvalFlags& flags) {
  command
      .add_option_function<std::string>(
          "--json",
          [&flags,
           model = command.get_option("MODEL")](const std::string& file) {
            if (!file.empty() && model->empty()) {
              throw CLI::ValidationError(fmt::format(
                  "MODEL is required: '{}' is the file that --json writes",
                  file));
            }
            flags.json = file;
            flags.print_json = file.empty();
          },
          "Print JSON, as the harness writes it; with FILE write it there")
      ->expected(0, 1)
      ->type_name("[FILE]");
  command
      .add_option("--samples", flags.samples,
                  "Write every item of MODEL as a line of JSON: prompts, "
                  "log-likelihoods, what is right")
      ->type_name("FILE");
  command.add_option("--html", flags.html, "Write a page with charts")
      ->type_name("FILE");
  command.add_option("--markdown", flags.markdown, "Write the table")
      ->type_name("FILE");
}

}  // namespace

void AddEvalFlags(CLI::App& command, EvalFlags& flags) {
  AddModelFlags(command, flags.model);
  command
      .add_option("--tasks", flags.tasks,
                  fmt::format("What to score, parted by commas: {}",
                              fmt::join(TaskNames(), ", ")))
      ->type_name("LIST");
  command.add_option("--data", flags.data, "Directory of the tasks' items")
      ->type_name("DIR");
  AddLongTextFlags(command, flags);
  command
      .add_option("--limit", flags.limit,
                  "Only so many items a task (of mmlu: a subject)")
      ->type_name("N")
      ->check(WholeNumber(1));
  command
      .add_option("--num-fewshot", flags.shots,
                  "Answered examples before each question")
      ->type_name("K")
      ->check(WholeNumber(0, 100))
      ->capture_default_str();
  command
      .add_option("--max-length", flags.max_length,
                  "Tokens to read at a time; the beginning of what is longer "
                  "is dropped (default: the context length of the model or, "
                  "where it has none, of the baseline)")
      ->type_name("L")
      ->check(WholeNumber(1, int64_t{1} << 30));
  command
      .add_option("--baseline", flags.baseline,
                  "The teacher: score it too, and say what is kept")
      ->type_name("MODEL");
  command
      .add_option("--costs", flags.costs,
                  "Measure speed and memory after so many tokens (with --html: "
                  "0,512,1024,2048)")
      ->type_name("LIST");
  AddOutputFlags(command, flags);
  command.footer(
      "Examples:\n"
      "  llamba eval Llamba-1B --tasks hellaswag,arc_easy --data DIR\n"
      "  llamba eval student.gguf --baseline teacher.gguf --tasks mmlu \\\n"
      "    --num-fewshot 5 --data DIR --json results.json");
}

std::vector<Job> MakeJobs(const EvalFlags& flags) {
  TaskOptions options;
  options.limit = flags.limit;
  options.shots = flags.shots;
  std::vector<const Task*> tasks;
  for (const std::string& name : SplitNames(flags.tasks)) {
    const Task* task = TaskNamed(name);
    if (std::find(tasks.begin(), tasks.end(), task) != tasks.end()) {
      Fail("--tasks: '{}' is there twice", name);
    }
    tasks.push_back(task);
  }
  if (!tasks.empty() && flags.data.empty()) {
    Fail("--data: expected the directory of the items, found none");
  }
  std::vector<Job> jobs;
  for (const Task* task : tasks) {
    jobs.push_back(MakeTaskJob(*task, flags.data, options));
  }
  AddTextJobs(flags, &jobs);
  AddLongJobs(flags, &jobs);
  if (jobs.empty()) {
    Fail("nothing to score: give --tasks, --text or --long-context");
  }
  return jobs;
}

}  // namespace llamba

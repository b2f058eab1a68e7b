#include "distill/student/average.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>

#include "apps/distill/commands.h"
#include "apps/distill/folder_name.h"
#include "apps/distill/weighted_path.h"
#include "apps/output_path.h"
#include "distill/train/run_checkpoint.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {
namespace {

void CheckOutput(const std::string& output,
                 const std::vector<WeightedStudent>& students) {
  std::vector<std::string> inputs;
  for (const WeightedStudent& student : students) {
    inputs.push_back(student.path);
  }
  RefuseInputs(output, inputs);
  RefuseStudent(output);
}

void RunAverage(const std::vector<std::string>& texts,
                const std::string& output) {
  std::vector<WeightedStudent> students;
  for (const std::string& text : texts) {
    const WeightedPath student = ParseWeightedPath(text, text);
    students.push_back({student.path, student.weight});
  }
  CheckOutput(output, students);
  const Tokenizer tokenizer = LoadTokenizer(students.front().path);
  const LayerStack mean = AverageStudents(students);
  std::filesystem::create_directories(output);
  WriteStudent(output, mean.config(), mean.parameters(), tokenizer);
  spdlog::info("the mean of {} students is in {}", students.size(), output);
}

}  // namespace

void AddAverageCommand(CLI::App& program) {
  struct Flags {
    std::vector<std::string> students;
    std::string output;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand(
      "average", "Average students, such as the ends of runs in a row");
  command
      ->add_option("STUDENT", flags->students,
                   "Students of one shape, each with its weight (default: 1)")
      ->required()
      ->expected(2, 1 << 10)
      ->type_name("STUDENT[=WEIGHT]");
  command->add_option("-o,--output", flags->output, "Folder for the mean")
      ->required()
      ->type_name("DIR")
      ->check(FolderName());
  command->footer(
      "Examples:\n"
      "  llamba-distill average first.q8_0.gguf=0.3 second.q8_0.gguf=0.7 "
      "-o mean");
  command->callback([flags] { RunAverage(flags->students, flags->output); });
}

}  // namespace llamba::distill

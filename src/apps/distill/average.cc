#include "distill/student/average.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <memory>

#include "apps/distill/commands.h"
#include "apps/distill/folder_name.h"
#include "base/error.h"
#include "base/parse_number.h"
#include "distill/train/run_checkpoint.h"
#include "tokenizer/tokenizer.h"

namespace llamba::distill {
namespace {

WeightedStudent ParseStudent(const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos) return {text};
  const auto weight = ParseNumber<double>(text.substr(equals + 1));
  if (!weight) {
    Fail("{}: expected STUDENT or STUDENT=WEIGHT, found weight \"{}\"", text,
         text.substr(equals + 1));
  }
  return {text.substr(0, equals), *weight};
}

void RunAverage(const std::vector<std::string>& texts,
                const std::string& output) {
  std::vector<WeightedStudent> students;
  for (const std::string& text : texts) students.push_back(ParseStudent(text));
  const Tokenizer tokenizer = LoadTokenizer(students.front().path);
  const LayerStack mean = AverageStudents(students);
  std::filesystem::create_directories(output);
  WriteStudent(output, mean.config(), mean.parameters(), DType::kF32);
  WriteTokenizerFiles(tokenizer, output);
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

#include <fmt/format.h>
#include <signal.h>

#include <memory>

#include "apps/commands.h"
#include "apps/distill/commands.h"
#include "apps/help.h"
#include "apps/run_program.h"
#include "base/log.h"
#include "llamba/version.h"

namespace llamba::distill {
namespace {

int Main(int argc, char** argv) {
  CLI::App program(
      "Make a Llamba from a Llama teacher by MOHAWK's three stages",
      "llamba-distill");
  program.formatter(std::make_shared<HelpFormatter>());
  program.set_help_flag("-h,--help", "Show this help");
  program.set_version_flag("--version",
                           fmt::format("llamba-distill {}", kVersion),
                           "Show the version");
  program.require_subcommand(0, 1);
  program.footer(
      "Examples:\n"
      "  llamba-distill tokenize corpus.txt --teacher DIR -o shards\n"
      "  llamba-distill train --teacher DIR --data shards -o student");
  AddTokenizeCommand(program);
  AddTrainCommand(program);
  AddSampleCommand(program);
  AddLayersCommand(program);
  AddReportCommand(program);
  AddAverageCommand(program);
  AddCompletionCommand(program);
  AddHelpCommand(program);
  return RunProgram(program, argc, argv);
}

}  // namespace
}  // namespace llamba::distill

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_DFL);
  llamba::InitLogging(spdlog::level::info);
  return llamba::distill::Main(argc, argv);
}

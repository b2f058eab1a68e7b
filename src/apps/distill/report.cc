#include "distill/report/report.h"

#include <spdlog/spdlog.h>

#include <memory>

#include "apps/distill/commands.h"
#include "apps/output_path.h"

namespace llamba::distill {

void AddReportCommand(CLI::App& program) {
  struct Flags {
    std::string run, output;
  };
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand(
      "report", "Draw a run's losses, evaluations and maps as an HTML page");
  command->add_option("RUN", flags->run, "The output folder of train")
      ->required()
      ->type_name("RUN");
  command
      ->add_option("-o,--output", flags->output,
                   "Where to write it (default: RUN/report.html)")
      ->type_name("FILE");
  command->footer(
      "Examples:\n"
      "  llamba-distill report student -o student.html");
  command->callback([flags] {
    const std::string path =
        flags->output.empty() ? flags->run + "/report.html" : flags->output;
    RefuseInputs(path,
                 {flags->run + "/metrics.jsonl", flags->run + "/maps.jsonl",
                  flags->run + "/recipe.json"});
    WriteReport(flags->run, path);
    spdlog::info("the report is in {}", path);
  });
}

}  // namespace llamba::distill

#include "apps/program.h"

#include <fmt/format.h>

#include "apps/commands.h"
#include "apps/help.h"
#include "apps/own_folder.h"
#include "base/file.h"
#include "llamba/version.h"

namespace llamba {
namespace {

constexpr char kDescription[] =
    "Run Llamba, recurrent language models distilled from Llama, on a CPU\n\n"
    "A model is a GGUF file, or a directory as published (config.json beside "
    "safetensors). Its memory of a text has a fixed size, however long the "
    "text is, and can be saved, loaded and forked.";

// The model that comes with the program: where it was installed, or in the
// repository, should one be there now. (When the manual page is made, neither.)
std::string FirstModel() {
  constexpr char kName[] = "models/smollm2-135m-llamba.q4_k.gguf";
  const auto installed = OwnFolder().parent_path() / "share" / "llamba" / kName;
  if (FileExists(installed.string())) return installed.string();
  return FileExists(kName) ? kName : "MODEL";
}

std::string Examples() {
  return fmt::format(
      "Type this first:\n"
      "  llamba chat {}\n"
      "Then:\n"
      "  llamba run MODEL -p TEXT   continue a text\n"
      "  llamba help run            every flag of a command, with examples",
      FirstModel());
}

}  // namespace

std::unique_ptr<CLI::App> MakeProgram() {
  auto program = std::make_unique<CLI::App>(kDescription, "llamba");
  program->footer(Examples());
  program->formatter(std::make_shared<HelpFormatter>());
  program->set_help_flag("-h,--help", "Show this help");
  program->set_version_flag("--version", fmt::format("llamba {}", kVersion),
                            "Show the version");
  program->require_subcommand(0, 1);
  AddRunCommand(*program);
  AddChatCommand(*program);
  AddConvertCommand(*program);
  AddQuantizeCommand(*program);
  AddImatrixCommand(*program);
  AddKlCommand(*program);
  AddInspectCommand(*program);
  AddTokenizeCommand(*program);
  AddLogitsCommand(*program);
  AddSynthCommand(*program);
  AddBenchCommand(*program);
  AddEvalCommand(*program);
  AddDistillCommand(*program);
  AddCompletionCommand(*program);
  AddHelpCommand(*program);
  return program;
}

}  // namespace llamba

#include "apps/program.h"

#include <fmt/format.h>

#include <vector>

#include "apps/commands.h"
#include "apps/help.h"
#include "apps/suggest.h"
#include "llamba/version.h"

namespace llamba {
namespace {

constexpr char kDescription[] =
    "Run Llamba, recurrent language models distilled from Llama, on a CPU\n\n"
    "A model is a GGUF file, or a directory as published (config.json beside "
    "safetensors). Its memory of a text has a fixed size, however long the "
    "text is, and can be saved, loaded and forked.";

constexpr char kExamples[] =
    "Type this first:\n"
    "  llamba run models/stories260k-llamba.gguf -p \"Once upon a time\"\n"
    "Then:\n"
    "  llamba chat MODEL          talk with an instruct model\n"
    "  llamba help run            every flag of a command, with examples";

// The words that a mistyped `word` of `command` could have been.
std::vector<std::string> Alternatives(const CLI::App& command,
                                      const std::string& word) {
  std::vector<std::string> names;
  if (!word.starts_with("-")) {
    for (const CLI::App* sub : command.get_subcommands(
             [](const CLI::App* app) { return !app->get_name().empty(); })) {
      names.push_back(sub->get_name());
    }
    return names;
  }
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

}  // namespace

std::unique_ptr<CLI::App> MakeProgram() {
  auto program = std::make_unique<CLI::App>(kDescription, "llamba");
  program->footer(kExamples);
  program->formatter(std::make_shared<HelpFormatter>());
  program->set_help_flag("-h,--help", "Show this help");
  program->set_version_flag("--version", fmt::format("llamba {}", kVersion),
                            "Show the version");
  program->require_subcommand(0, 1);
  AddRunCommand(*program);
  AddChatCommand(*program);
  AddConvertCommand(*program);
  AddInspectCommand(*program);
  AddTokenizeCommand(*program);
  AddLogitsCommand(*program);
  AddSynthCommand(*program);
  AddDistillCommand(*program);
  AddCompletionCommand(*program);
  AddHelpCommand(*program);
  return program;
}

std::string ExplainParseError(const CLI::App& program,
                              const CLI::ParseError& error) {
  const CLI::App* command = &program;
  std::string name = "llamba";
  if (!program.get_subcommands().empty()) {
    command = program.get_subcommands().front();
    name += " " + command->get_name();
  }
  const std::string help =
      fmt::format("\n`{} --help` shows what it takes.", name);
  for (const std::string& word : command->remaining()) {
    if (word == "--") continue;
    const auto names = Alternatives(*command, word.substr(0, word.find('=')));
    if (word.starts_with("-")) {
      return fmt::format("{}: no flag '{}'.{}{}", name, word,
                         DidYouMean(word.substr(0, word.find('=')), names),
                         help);
    }
    if (command == &program) {
      return fmt::format("{}: no command '{}'.{}{}", name, word,
                         DidYouMean(word, names), help);
    }
    return fmt::format("{}: one argument too many: '{}'.{}", name, word, help);
  }
  return fmt::format("{}: {}{}", name, error.what(), help);
}

}  // namespace llamba

#include <fmt/format.h>

#include <vector>

#include "apps/program.h"
#include "apps/suggest.h"

namespace llamba {
namespace {

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

std::string ExplainParseError(const CLI::App& program,
                              const CLI::ParseError& error) {
  const CLI::App* command = &program;
  std::string name = program.get_name();
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

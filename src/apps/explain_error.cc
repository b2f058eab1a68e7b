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

// CLI11 says "Could not convert: --seed = x".
std::string Reworded(const std::string& message) {
  constexpr std::string_view kConvert = "Could not convert: ";
  constexpr std::string_view kEquals = " = ";
  const size_t equals = message.find(kEquals);
  if (!message.starts_with(kConvert) || equals == std::string::npos) {
    return message;
  }
  return fmt::format("{}: expected a number, found '{}'",
                     message.substr(kConvert.size(), equals - kConvert.size()),
                     message.substr(equals + kEquals.size()));
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
  return fmt::format("{}: {}{}", name, Reworded(error.what()), help);
}

}  // namespace llamba

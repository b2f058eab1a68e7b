#include <fmt/format.h>

#include <string_view>
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

// What CLI11 says, as the words round a flag and something else, and what we
// say of these two instead.
struct Rewording {
  std::string_view before, between, behind;
  std::string (*say)(std::string_view flag, std::string_view other);
};
constexpr Rewording kRewordings[] = {
    {"Could not convert: ", " = ", "",
     [](std::string_view flag, std::string_view word) {
       return fmt::format("{}: expected a number, found '{}'", flag, word);
     }},
    {"", ": 1 required ", " missing",
     [](std::string_view flag, std::string_view value) {
       return fmt::format("{}: expected {} behind it, found nothing", flag,
                          value);
     }},
    {"", ": At least 2 required but received 1", "",
     [](std::string_view flag, std::string_view) {
       return fmt::format("{}: expected two or more, found one", flag);
     }},
    {"", ": At Most 1 required but received ", "",
     [](std::string_view flag, std::string_view times) {
       return fmt::format("{}: expected once, found {} times", flag, times);
     }},
};

std::string Reworded(std::string_view message) {
  for (const Rewording& r : kRewordings) {
    const size_t flag = r.before.size();
    const size_t middle = message.find(r.between, flag);
    if (!message.starts_with(r.before) || !message.ends_with(r.behind) ||
        middle == std::string_view::npos) {
      continue;
    }
    const size_t other = middle + r.between.size();
    if (other + r.behind.size() > message.size()) continue;
    return r.say(
        message.substr(flag, middle - flag),
        message.substr(other, message.size() - r.behind.size() - other));
  }
  return std::string(message);
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

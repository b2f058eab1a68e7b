#include "apps/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "apps/commands.h"
#include "apps/suggest.h"
#include "base/error.h"

namespace llamba {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kColumn = 26;  // where meanings start

// Breaks at spaces; lines after the first start with `indent` spaces.
std::string Wrap(const std::string& text, size_t indent, size_t column) {
  std::string wrapped;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (column > indent && column + 1 + word.size() > kWidth) {
      wrapped += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += word.size();
  }
  return wrapped;
}

// A long choice of words breaks behind a bar.
std::string BreakTerm(const std::string& term) {
  std::string broken;
  size_t column = 2;
  for (size_t begin = 0, end; begin < term.size(); begin = end) {
    end = std::min(term.find('|', begin), term.size() - 1) + 1;
    if (column + end - begin > kWidth) {
      broken += "\n      ";
      column = 6;
    }
    broken += term.substr(begin, end - begin);
    column += end - begin;
  }
  return broken;
}

// One entry of a list: a term, and its meaning in the column beside it.
std::string Entry(const std::string& term, const std::string& meaning) {
  std::string line = "  " + BreakTerm(term);
  if (line.size() + 2 > kColumn) {
    line += "\n" + std::string(kColumn, ' ');
  } else {
    line.resize(kColumn, ' ');
  }
  return line + Wrap(meaning, kColumn, kColumn) + "\n";
}

// Of a positional argument: its type where that says how the name is written,
// such as STUDENT[=WEIGHT].
std::string ArgumentName(const CLI::Option& option) {
  const std::string name = option.get_name(true);
  const std::string type = ValueName(option);
  return type.starts_with(name) ? type : name;
}

OptionText DescribeOption(const CLI::Option& option) {
  OptionText text;
  text.meaning = option.get_description();
  if (option.get_positional()) {
    text.names = ArgumentName(option);
    return text;
  }
  for (const std::string& name : option.get_snames()) {
    text.names += (text.names.empty() ? "-" : ", -") + name;
  }
  for (const std::string& name : option.get_lnames()) {
    text.names += (text.names.empty() ? "--" : ", --") + name;
  }
  if (option.get_items_expected_max() > 0) {
    text.value = ValueName(option);
    const std::string value = option.get_default_str();
    if (!value.empty() && value != "[]" && value != "\"\"") {
      text.meaning += fmt::format(" (default: {})", value);
    }
  }
  return text;
}

std::string Usage(const CLI::App& command, const std::string& name) {
  if (!SubCommands(command).empty()) return name + " COMMAND [OPTIONS]";
  std::string usage = name + " [OPTIONS]";
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    const std::string argument = ArgumentName(*option);
    usage += option->get_required() ? " " + argument : " [" + argument + "]";
  }
  return usage;
}

void AddToGroup(const std::string& name, OptionText text,
                CommandText* command) {
  auto& groups = command->groups;
  auto group = std::find_if(groups.begin(), groups.end(),
                            [&](const auto& g) { return g.first == name; });
  if (group == groups.end()) group = groups.insert(groups.end(), {name, {}});
  group->second.push_back(std::move(text));
}

}  // namespace

std::vector<const CLI::App*> SubCommands(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App* app) {
    return !app->get_name().empty() && !app->get_group().empty();
  });
}

std::string ValueName(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::string name = type.substr(0, type.find(':'));
  return name.empty() ? "VALUE" : name;
}

CommandText Describe(const CLI::App& command) {
  CommandText text;
  const CLI::App* parent = command.get_parent();
  text.name = parent == nullptr ? command.get_name()
                                : parent->get_name() + " " + command.get_name();
  const std::string& description = command.get_description();
  const size_t end = description.find("\n\n");
  text.summary = description.substr(0, end);
  if (end != std::string::npos) text.details = description.substr(end + 2);
  text.usage = Usage(command, text.name);
  // CLI11 hands a program's footer down to commands that have none.
  if (parent == nullptr || command.get_footer() != parent->get_footer()) {
    text.examples = command.get_footer();
  }
  for (const CLI::App* sub : SubCommands(command)) {
    text.commands.emplace_back(sub->get_name(), Describe(*sub).summary);
  }
  for (bool positional : {true, false}) {
    for (const CLI::Option* option : command.get_options()) {
      if (option->get_positional() != positional) continue;
      if (option->get_group().empty()) continue;  // hidden
      AddToGroup(positional ? "Arguments" : option->get_group(),
                 DescribeOption(*option), &text);
    }
  }
  return text;
}

std::string Help(const CLI::App& command) {
  return HelpFormatter().make_help(&command, "", CLI::AppFormatMode::Normal);
}

std::string HelpFormatter::make_help(const CLI::App* command, std::string,
                                     CLI::AppFormatMode) const {
  const CommandText text = Describe(*command);
  std::string help = fmt::format("{}: {}\n", text.name, text.summary);
  if (!text.details.empty()) help += "\n" + Wrap(text.details, 0, 0) + "\n";
  help += "\nUsage: " + text.usage + "\n";
  if (!text.examples.empty()) help += "\n" + text.examples + "\n";
  if (!text.commands.empty()) help += "\nCommands:\n";
  for (const auto& [name, summary] : text.commands) {
    help += Entry(name, summary);
  }
  for (const auto& [group, options] : text.groups) {
    help += "\n" + group + ":\n";
    for (const OptionText& option : options) {
      const std::string value = option.value.empty() ? "" : " " + option.value;
      help += Entry(option.names + value, option.meaning);
    }
  }
  return help;
}

void AddHelpCommand(CLI::App& program) {
  struct Flags {
    std::string command;
    bool man = false;
  };
  auto flags = std::make_shared<Flags>();
  const std::string example = SubCommands(program).front()->get_name();
  CLI::App* help =
      program.add_subcommand("help", "Explain the program, or one command");
  help->add_option("COMMAND", flags->command, "What to explain");
  help->add_flag("--man", flags->man, "Print the manual page (roff)");
  help->footer(
      fmt::format("Examples:\n"
                  "  {0} help {1}\n"
                  "  {0} help --man | man -l -",
                  program.get_name(), example));
  help->callback([flags, &program] {
    if (flags->man) {
      std::cout << ManualPage(program);
      return;
    }
    if (flags->command.empty()) {
      std::cout << Help(program);
      return;
    }
    std::vector<std::string> names;
    for (const CLI::App* command : SubCommands(program)) {
      names.push_back(command->get_name());
      if (command->get_name() == flags->command) {
        std::cout << Help(*command);
        return;
      }
    }
    Fail("no command '{}'.{}", flags->command,
         DidYouMean(flags->command, names));
  });
}

}  // namespace llamba

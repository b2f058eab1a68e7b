#include <fmt/format.h>

#include <algorithm>

#include "apps/commands.h"
#include "apps/help.h"
#include "base/error.h"

namespace llamba {
namespace {

std::vector<std::string> Names(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const auto& name : option.get_snames()) names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

// What completes the value of an option: a bash command.
std::string ValueAction(const CLI::Option& option) {
  std::string value = ValueName(option);
  if (value.find('|') != std::string::npos) {
    std::replace(value.begin(), value.end(), '|', ' ');
    return fmt::format("_llamba_words \"{}\"", value);
  }
  if (value == "DIR") return "_llamba_directories";
  if (value == "FILE" || value == "[FILE]" || value == "MODEL" ||
      value == "PATH") {
    return ":";
  }
  return "compopt +o default +o bashdefault";
}

std::string JoinNames(const CLI::App& command) {
  std::string joined;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : Names(*option)) joined += name + " ";
  }
  if (!joined.empty()) joined.pop_back();
  return joined;
}

std::string ValueCases(const CLI::App& command) {
  std::string cases;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_items_expected_max() == 0 || option->get_positional()) {
      continue;
    }
    std::string patterns;
    for (const std::string& name : Names(*option)) {
      if (!patterns.empty()) patterns += " | ";
      patterns += command.get_name() + "," + name;
    }
    cases +=
        fmt::format("    {}) {}; return ;;\n", patterns, ValueAction(*option));
  }
  return cases;
}

// The same in every program's script.
constexpr char kHelpers[] = R"(
_llamba_words() {
  COMPREPLY=($(compgen -W "$1" -- "${COMP_WORDS[COMP_CWORD]}"))
}

_llamba_directories() {
  compopt -o filenames
  COMPREPLY=($(compgen -d -- "${COMP_WORDS[COMP_CWORD]}"))
}

# An empty COMPREPLY leaves bash to complete paths.
)";

// Of a function whose name follows from the program's.
constexpr char kHead[] =
    R"(  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local command= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} != -* ]]; then command=${COMP_WORDS[i]}; break; fi
  done
)";

}  // namespace

std::string BashCompletion(const CLI::App& program) {
  std::string names, values, words;
  for (const CLI::App* command : SubCommands(program)) {
    names += (names.empty() ? "" : " ") + command->get_name();
    values += ValueCases(*command);
    words += fmt::format(
        "    {}) if [[ $current == -* ]]; then _llamba_words \"{}\"; fi ;;\n",
        command->get_name(), JoinNames(*command));
  }
  const std::string& name = program.get_name();
  std::string function = "_" + name;
  std::replace(function.begin(), function.end(), '-', '_');
  std::string script = fmt::format("# bash completion of {}.\n{}{}() {{\n{}",
                                   name, kHelpers, function, kHead);
  script += "  case $command,$previous in\n" + values + "  esac\n";
  script += "  case $command in\n";
  script += fmt::format(
      "    \"\") if [[ $current == -* ]]; then _llamba_words \"{}\"\n"
      "        else _llamba_words \"{}\"; fi ;;\n",
      JoinNames(program), names);
  script += fmt::format(
      "    help) if [[ $current == -* ]]; then _llamba_words \"--man --help\"\n"
      "        else _llamba_words \"{}\"; fi ;;\n",
      names);
  return script + words +
         fmt::format(
             "  esac\n}}\n\ncomplete -o bashdefault -o default -F {} {}\n",
             function, name);
}

void AddCompletionCommand(CLI::App& program) {
  auto shell = std::make_shared<std::string>();
  CLI::App* completion = program.add_subcommand(
      "completion", "Print the completion script of a shell");
  completion->add_option("SHELL", *shell, "bash")->required();
  completion->footer(
      fmt::format("Examples:\n"
                  "  source <({} completion bash)",
                  program.get_name()));
  completion->callback([shell, &program] {
    if (*shell != "bash") {
      Fail("completion: expected bash, found '{}'", *shell);
    }
    std::cout << BashCompletion(program);
  });
}

}  // namespace llamba

#ifndef LLAMBA_APPS_HELP_H_
#define LLAMBA_APPS_HELP_H_

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

namespace llamba {

// The texts of one flag or argument, however they are shown.
struct OptionText {
  std::string names;    // "-p, --prompt"; "MODEL" of a positional argument
  std::string value;    // "TEXT"; empty for a flag without one
  std::string meaning;  // description, with the default
};

// The texts of a command, from what CLI11 knows of it (see commands.h).
struct CommandText {
  std::string name;  // "llamba run"
  std::string summary, details;
  std::string usage;  // "llamba run [OPTIONS] MODEL"
  std::string examples;
  std::vector<std::pair<std::string, std::string>> commands;  // name, summary
  // Arguments first, then the groups in order of appearance.
  std::vector<std::pair<std::string, std::vector<OptionText>>> groups;
};
CommandText Describe(const CLI::App& command);

// Sub-commands in order of registration.
std::vector<const CLI::App*> SubCommands(const CLI::App& program);

// What stands behind an option's names: its type_name without checks.
std::string ValueName(const CLI::Option& option);

class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* command, std::string name,
                        CLI::AppFormatMode mode) const override;
};

// What --help of this command shows. (CLI11's own help() is that of the
// sub-command being run.)
std::string Help(const CLI::App& command);

// The manual page of the whole program, in man(7) macros.
std::string ManualPage(const CLI::App& program);

// The script that `complete`s the program's commands, flags and values.
std::string BashCompletion(const CLI::App& program);

}  // namespace llamba

#endif  // LLAMBA_APPS_HELP_H_

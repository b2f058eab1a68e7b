#ifndef LLAMBA_APPS_COMMANDS_H_
#define LLAMBA_APPS_COMMANDS_H_

#include <CLI/CLI.hpp>

// One function a sub-command, each in a file of its own (run.cc,
// convert.cc...): it adds the sub-command with its flags to the program and
// sets a callback that does the work. Errors leave as exceptions; main prints
// them and exits 1. A new one is called in program.cc.
//
// --help, `man llamba` and the bash completion are made from what CLI11 knows:
// - description: one line without a full stop; after an empty line, more text;
// - footer: "Examples:" and, indented by two, what to type;
// - an option's type_name: FILE, DIR, MODEL complete to paths, "a|b|c" to the
//   words (see Choose in flags.h), anything else to nothing.
namespace llamba {

void AddRunCommand(CLI::App& program);
void AddChatCommand(CLI::App& program);
void AddTokenizeCommand(CLI::App& program);
void AddLogitsCommand(CLI::App& program);
void AddConvertCommand(CLI::App& program);
void AddQuantizeCommand(CLI::App& program);
void AddImatrixCommand(CLI::App& program);
void AddKlCommand(CLI::App& program);
void AddInspectCommand(CLI::App& program);
void AddSynthCommand(CLI::App& program);
void AddBenchCommand(CLI::App& program);
void AddEvalCommand(CLI::App& program);
void AddDistillCommand(CLI::App& program);
// Comes after the others: an example names the first of them.
void AddHelpCommand(CLI::App& program);
void AddCompletionCommand(CLI::App& program);

}  // namespace llamba

#endif  // LLAMBA_APPS_COMMANDS_H_

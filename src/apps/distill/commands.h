#ifndef LLAMBA_APPS_DISTILL_COMMANDS_H_
#define LLAMBA_APPS_DISTILL_COMMANDS_H_

#include <CLI/CLI.hpp>

// The sub-commands of llamba-distill, each in a file of its own: see
// apps/commands.h for what such a function does.
namespace llamba::distill {

void AddTrainCommand(CLI::App& program);
void AddTokenizeCommand(CLI::App& program);
void AddSampleCommand(CLI::App& program);
void AddLayersCommand(CLI::App& program);
void AddReportCommand(CLI::App& program);
void AddAverageCommand(CLI::App& program);

}  // namespace llamba::distill

#endif  // LLAMBA_APPS_DISTILL_COMMANDS_H_

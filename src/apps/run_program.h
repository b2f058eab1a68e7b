#ifndef LLAMBA_APPS_RUN_PROGRAM_H_
#define LLAMBA_APPS_RUN_PROGRAM_H_

#include <CLI/CLI.hpp>

namespace llamba {

// The whole life of a program: parses, runs the command, logs what went wrong
// (the texts of program.h). Shows the help where no command was named. Returns
// the exit code.
int RunProgram(CLI::App& program, int argc, char** argv);

}  // namespace llamba

#endif  // LLAMBA_APPS_RUN_PROGRAM_H_

#ifndef LLAMBA_APPS_PROGRAM_H_
#define LLAMBA_APPS_PROGRAM_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace llamba {

// Thrown by a command that is done but exits with a code other than 0. What it
// had to say has been said.
struct Exit {
  int code;
};
constexpr int kInterrupted = 130;  // after Ctrl-C

// The command line of `llamba`: every sub-command registered.
std::unique_ptr<CLI::App> MakeProgram();

// What to tell someone whose command line CLI11 refused: a wrong flag or
// sub-command comes with the nearest right one.
std::string ExplainParseError(const CLI::App& program,
                              const CLI::ParseError& error);

}  // namespace llamba

#endif  // LLAMBA_APPS_PROGRAM_H_

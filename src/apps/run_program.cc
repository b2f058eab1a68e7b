#include "apps/run_program.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>

#include "apps/help.h"
#include "apps/program.h"
#include "base/error.h"
#include "base/log.h"

namespace llamba {
namespace {

// Output that did not reach a full disk is a failure like any other.
int FlushOutput() {
  std::cout.flush();
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  spdlog::error("cannot write to the standard output{}{}",
                errno != 0 ? ": " : "", errno != 0 ? std::strerror(errno) : "");
  return 1;
}

// An empty path is a script's unset variable; opened, it would be a folder or
// the root of all.
void RefuseEmptyPath(CLI::Option& option) {
  const std::string value = ValueName(option);
  const bool path = value == "FILE" || value == "DIR" || value == "MODEL" ||
                    value == "RUN" || value.starts_with("PATH") ||
                    value.starts_with("STUDENT");
  if (!path) return;
  option.check([value](const std::string& word) {
    return word.empty() ? fmt::format("expected {}, found nothing", value) : "";
  });
}

// What holds for the options of all commands.
void SetRules(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    RefuseEmptyPath(*option);
    // A flag that may be repeated takes one value each time: CLI11 would give
    // it the arguments behind as well, and "[a,b]" as a list.
    if (!option->get_positional()) option->allow_extra_args(false);
  }
  for (CLI::App* sub : command.get_subcommands([](CLI::App*) { return true; }))
    SetRules(*sub);
}

int ShowRequested(const CLI::App& program, const CLI::Success& request) {
  // --help and --version arrive as exceptions.
  program.exit(request, std::cout, std::cerr);
  return FlushOutput();
}

}  // namespace

int RunProgram(CLI::App& program, int argc, char** argv) {
  SetRules(program);
  try {
    program.parse(argc, argv);
    if (program.get_subcommands().empty()) std::cout << Help(program);
    return FlushOutput();
  } catch (const CLI::Success& request) {
    return ShowRequested(program, request);
  } catch (const CLI::ParseError& error) {
    spdlog::error("{}", ExplainParseError(program, error));
  } catch (const Exit& exit) {
    const int failed = FlushOutput();
    return failed != 0 ? failed : exit.code;
  } catch (const std::bad_alloc&) {
    spdlog::error("out of memory");
  } catch (const std::filesystem::filesystem_error& error) {
    spdlog::error("{}: {}", error.path1().string(), error.code().message());
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
  }
  return 1;
}

}  // namespace llamba

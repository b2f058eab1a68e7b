#include <unistd.h>

#include <cerrno>

#include "apps/commands.h"
#include "apps/own_folder.h"
#include "base/error.h"

namespace llamba {
namespace {

constexpr char kProgram[] = "llamba-distill";

[[noreturn]] void HandOver(const std::vector<std::string>& arguments) {
  std::vector<char*> argv = {const_cast<char*>(kProgram)};
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  const auto beside = OwnFolder() / kProgram;
  execv(beside.c_str(), argv.data());
  if (errno == ENOENT) execvp(kProgram, argv.data());
  if (errno != ENOENT) {
    Fail("cannot start {}: {}", kProgram, std::strerror(errno));
  }
  Fail(
      "{} is not installed: it is neither beside llamba ({}) nor on PATH. It "
      "is built with libtorch: cmake --preset release -DLLAMBA_DISTILL=ON",
      kProgram, beside.parent_path().string());
}

}  // namespace

void AddDistillCommand(CLI::App& program) {
  CLI::App* distill = program.add_subcommand(
      "distill", "Make a Llamba from a Llama teacher (program llamba-distill)");
  // Everything behind the word, --help too, belongs to the other program.
  distill->set_help_flag();
  distill->prefix_command();
  distill->footer(
      "Examples:\n"
      "  llamba distill --help");
  distill->callback([distill] { HandOver(distill->remaining()); });
}

}  // namespace llamba

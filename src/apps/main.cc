#include <signal.h>

#include "apps/program.h"
#include "apps/run_program.h"
#include "base/log.h"

int main(int argc, char** argv) {
  // A reader that has seen enough (`| head`) ends the program quietly, also
  // below a parent that ignores the signal.
  signal(SIGPIPE, SIG_DFL);
  llamba::InitLogging(spdlog::level::info);
  return llamba::RunProgram(*llamba::MakeProgram(), argc, argv);
}

#include "apps/distill/sleeping_threads.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "apps/own_folder.h"

// 1: built with pthreads. Weak: another BLAS has no such function.
extern "C" [[gnu::weak]] int openblas_get_parallel();

namespace llamba::distill {
namespace {

std::vector<std::string> OwnArguments() {
  std::vector<std::string> arguments;
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(file, word, '\0');) {
    arguments.push_back(word);
  }
  return arguments;
}

}  // namespace

void RestartWithSleepingThreads() {
  if (openblas_get_parallel == nullptr || openblas_get_parallel() != 1) return;
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  const auto self = OwnProgram();
  std::vector<std::string> arguments = OwnArguments();
  if (self.empty() || arguments.empty()) return;
  std::vector<char*> argv;
  for (std::string& word : arguments) argv.push_back(word.data());
  argv.push_back(nullptr);
  // Where this fails, the program goes on as it is, slower.
  if (setenv("OMP_WAIT_POLICY", "passive", 1) == 0) {
    execv(self.c_str(), argv.data());
  }
}

}  // namespace llamba::distill

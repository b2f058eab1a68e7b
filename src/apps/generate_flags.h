#ifndef LLAMBA_APPS_GENERATE_FLAGS_H_
#define LLAMBA_APPS_GENERATE_FLAGS_H_

#include <string>
#include <vector>

#include "apps/flags.h"
#include "generate/generator.h"

namespace llamba {

// When a text ends: -n, --stop, --ignore-end, --show-special.
struct GenerateFlags {
  int64_t max_tokens = 0;
  std::vector<std::string> stop;
  bool ignore_end = false;
  bool show_special = false;
};
void AddGenerateFlags(CLI::App& command, GenerateFlags& flags,
                      int64_t max_tokens);

// Polls the InterruptGuard and shows the progress of a long prompt.
GenerateOptions ToGenerateOptions(const GenerateFlags& flags);

}  // namespace llamba

#endif  // LLAMBA_APPS_GENERATE_FLAGS_H_

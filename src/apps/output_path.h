#ifndef LLAMBA_APPS_OUTPUT_PATH_H_
#define LLAMBA_APPS_OUTPUT_PATH_H_

#include <string>
#include <vector>

namespace llamba {

// Where a result goes: looked at before the work, not after it. `inputs` are
// the paths that the same command reads; empty ones do not count.

// Throws Error where `out` is one of the inputs, or the folder of one (a GGUF
// file may lie in it: nothing there takes its place).
void RefuseInputs(const std::string& out,
                  const std::vector<std::string>& inputs);

// For a file: throws Error where it cannot be written, too. An empty `out` is
// none.
void CheckOutputFile(const std::string& out,
                     const std::vector<std::string>& inputs);
// The same of several files, no two of which are one.
void CheckOutputFiles(const std::vector<std::string>& outs,
                      const std::vector<std::string>& inputs);

}  // namespace llamba

#endif  // LLAMBA_APPS_OUTPUT_PATH_H_

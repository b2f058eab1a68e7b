#include "apps/output_path.h"

#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace llamba {
namespace {

namespace fs = std::filesystem;

// Links included. What is no file and no folder (a terminal) may be both read
// and written.
bool SamePlace(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored) && !fs::is_other(a, ignored);
}

// Whether a folder `out` would get files in the place of `input`.
bool IsFolderOf(const std::string& out, const fs::path& input) {
  const fs::path folder = input.has_parent_path() ? input.parent_path() : ".";
  return IsDirectory(out) && FileExists(input.string()) &&
         input.extension() != ".gguf" && SamePlace(folder, out);
}

}  // namespace

void RefuseInputs(const std::string& out,
                  const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    if (input.empty()) continue;
    if (SamePlace(input, out) || IsFolderOf(out, input)) {
      Fail("{}: expected another place than that of {}, which is read", out,
           input);
    }
  }
}

void CheckOutputFile(const std::string& out,
                     const std::vector<std::string>& inputs) {
  if (out.empty()) return;
  CheckWritable(out);
  RefuseInputs(out, inputs);
}

}  // namespace llamba

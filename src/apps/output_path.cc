#include "apps/output_path.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace llamba {
namespace {

namespace fs = std::filesystem;

// Links included, and what is not there yet. What is no file and no folder (a
// terminal) may be both read and written.
bool SamePlace(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  if (fs::is_other(a, ignored)) return false;
  const auto place = [&](const fs::path& path) {
    return fs::weakly_canonical(fs::absolute(path, ignored), ignored);
  };
  return fs::equivalent(a, b, ignored) || place(a) == place(b);
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

void CheckOutputFiles(const std::vector<std::string>& outs,
                      const std::vector<std::string>& inputs) {
  for (auto out = outs.begin(); out != outs.end(); ++out) {
    CheckOutputFile(*out, inputs);
    const bool twice = std::any_of(
        outs.begin(), out, [&](const auto& o) { return SamePlace(o, *out); });
    if (twice && !out->empty()) {
      Fail("{}: expected a file for each output, found it for two", *out);
    }
  }
}

}  // namespace llamba

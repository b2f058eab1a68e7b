#ifndef LLAMBA_TESTS_SHARED_MATERIAL_H_
#define LLAMBA_TESTS_SHARED_MATERIAL_H_

#include <cstdlib>
#include <filesystem>
#include <string>

namespace llamba {

// The path of a file or folder of the large test material (models, text,
// tokenizers), found through LLAMBA_SHARED or beside the checkout; empty where
// it is absent, and the test then skips, saying so.
inline std::string SharedMaterial(const std::string& relative) {
  const char* env = std::getenv("LLAMBA_SHARED");
  const std::filesystem::path root =
      env != nullptr ? env : LLAMBA_SOURCE_DIR "/../shared";
  const std::filesystem::path path = root / "material" / relative;
  return std::filesystem::exists(path) ? path.string() : "";
}

}  // namespace llamba

// Sets `var` to the path, or skips the test.
#define LLAMBA_NEED_SHARED(var, relative)                           \
  const std::string var = ::llamba::SharedMaterial(relative);       \
  if (var.empty())                                                  \
  GTEST_SKIP() << "skipped: needs the test material " << (relative) \
               << " (LLAMBA_SHARED or ../shared)"

#endif  // LLAMBA_TESTS_SHARED_MATERIAL_H_

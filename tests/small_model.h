#ifndef LLAMBA_TESTS_SMALL_MODEL_H_
#define LLAMBA_TESTS_SMALL_MODEL_H_

#include <filesystem>
#include <string>

#include "tests/shared_material.h"

namespace llamba {

// A trained Llamba of 350 thousand parameters that tells stories: the one in
// models/, else the one of the shared material; empty where neither is there.
inline std::string SmallModel() {
  const std::string own = LLAMBA_SOURCE_DIR "/models/stories260k-llamba.gguf";
  return std::filesystem::exists(own)
             ? own
             : SharedMaterial("models/stories260k-llamba");
}

}  // namespace llamba

// Sets `var` to its path, or skips the test.
#define LLAMBA_NEED_SMALL_MODEL(var)              \
  const std::string var = ::llamba::SmallModel(); \
  if (var.empty())                                \
  GTEST_SKIP() << "skipped: needs the small model in models/ or ../shared"

#endif  // LLAMBA_TESTS_SMALL_MODEL_H_

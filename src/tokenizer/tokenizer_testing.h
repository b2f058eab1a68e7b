#ifndef LLAMBA_TOKENIZER_TOKENIZER_TESTING_H_
#define LLAMBA_TOKENIZER_TOKENIZER_TESTING_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <string>

#include "base/error.h"

namespace llamba {

inline std::string TokenizerFixture(const std::string& name) {
  return LLAMBA_SOURCE_DIR "/tests/data/tokenizer/" + name;
}

inline std::string RandomBytes(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::string bytes(n, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// A folder of one test, empty at first and gone after it.
class TemporaryDir {
 public:
  TemporaryDir() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) /
            (std::string("llamba_") + test->test_suite_name() + "_" +
             test->name() + std::to_string(getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDir() { std::filesystem::remove_all(path_); }
  std::string File(const std::string& name) const {
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// The message of the Error that `function` throws; a failure where none comes.
template <typename Function>
std::string ErrorOf(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an Error";
  return "";
}

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_TOKENIZER_TESTING_H_

#ifndef LLAMBA_MODEL_FIXTURES_TEST_H_
#define LLAMBA_MODEL_FIXTURES_TEST_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

#include "base/error.h"
#include "model/checkpoint.h"

namespace llamba {

// A folder that is gone when the test ends.
class TempDir {
 public:
  TempDir() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "llamba_model_XXXXXX")
            .string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string operator/(const std::string& name) const {
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string TestData(const std::string& name) {
  return std::string(LLAMBA_SOURCE_DIR "/tests/data/") + name;
}

// The message of the Error that `f` throws; fails the test where it does not.
inline std::string MessageOf(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return "";
}

// Both models have the same tensors with the same values, bit for bit.
inline void ExpectSameValues(const Checkpoint& a, const Checkpoint& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [id, tensor] : a.tensors) {
    const StoredTensor* other = b.Find(id.role, id.layer);
    ASSERT_NE(other, nullptr) << tensor.name();
    EXPECT_EQ(tensor.shape(), other->shape()) << tensor.name();
    EXPECT_EQ(tensor.DecodeAll(), other->DecodeAll()) << tensor.name();
  }
}

}  // namespace llamba

#endif  // LLAMBA_MODEL_FIXTURES_TEST_H_

#ifndef LLAMBA_DISTILL_DATA_DATA_TESTING_H_
#define LLAMBA_DISTILL_DATA_DATA_TESTING_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "distill/data/token_shard.h"

// What the tests of data share.
namespace llamba::distill {

// A folder that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = testing::TempDir() + "llamba-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }
  std::string Write(const std::string& name, std::string_view text) const {
    std::ofstream(*this / name, std::ios::binary) << text;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

// The message of the Error that `call` throws; empty where it throws none.
inline std::string ErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline TokenShard MakeShard(const std::string& path,
                            const std::vector<std::vector<int32_t>>& documents,
                            int64_t vocab_size = 100000, uint64_t hash = 7) {
  TokenShardWriter writer(vocab_size, hash);
  for (const auto& document : documents) writer.Add(document);
  writer.Flush(path);
  return TokenShard::Open(path, vocab_size);
}

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_DATA_DATA_TESTING_H_

#ifndef LLAMBA_CHECKPOINT_TEST_BYTES_H_
#define LLAMBA_CHECKPOINT_TEST_BYTES_H_

// For the tests of this room.

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor_view.h"
#include "checkpoint/tensor_file.h"

namespace llamba {

// Little-endian bytes, put together piece by piece.
class ByteBuilder {
 public:
  template <typename T>
  ByteBuilder& Put(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  ByteBuilder& Text(std::string_view text) {
    text_ += text;
    return *this;
  }
  // GGUF's strings: 64 bits of length before the text.
  ByteBuilder& Long(std::string_view text) {
    return Put(uint64_t{text.size()}).Text(text);
  }
  ByteBuilder& PadTo(size_t alignment) {
    while (text_.size() % alignment != 0) text_ += '\0';
    return *this;
  }
  ByteBuilder& Zeros(size_t count) {
    text_.append(count, '\0');
    return *this;
  }
  const std::string& str() const { return text_; }
  size_t size() const { return text_.size(); }

 private:
  std::string text_;
};

inline std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The values of a tensor that holds Ts.
template <typename T>
std::vector<T> Values(const TensorView& view) {
  std::vector<T> values(view.bytes / sizeof(T));
  if (view.bytes != 0) std::memcpy(values.data(), view.data, view.bytes);
  return values;
}

inline std::vector<TensorInfo> Infos(const TensorFile& file) {
  std::vector<TensorInfo> infos;
  for (const NamedTensor& t : file.tensors()) {
    infos.push_back({t.name, t.view.dtype, t.view.shape});
  }
  return infos;
}

inline std::string CheckpointFixture(const std::string& name) {
  return LLAMBA_SOURCE_DIR "/tests/data/checkpoint/" + name;
}

// A folder of this test's own, removed at its end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "llamba-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string File(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_TEST_BYTES_H_

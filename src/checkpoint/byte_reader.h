#ifndef LLAMBA_CHECKPOINT_BYTE_READER_H_
#define LLAMBA_CHECKPOINT_BYTE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"

namespace llamba {

// A cursor over little-endian bytes. A read past the end throws Error naming
// `path`, the position, and what was to be read.
class ByteReader {
 public:
  // `path` must outlive the reader.
  ByteReader(const std::string& path, std::span<const std::byte> bytes,
             size_t position = 0)
      : path_(path), bytes_(bytes), position_(position) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  const std::string& path() const { return path_; }

  std::span<const std::byte> Take(uint64_t count, std::string_view what) {
    if (count > remaining()) {
      Fail("{}: {}: expected {} bytes at {}, found {} to the end of the file",
           path_, what, count, position_, remaining());
    }
    const auto part = bytes_.subspan(position_, static_cast<size_t>(count));
    position_ += part.size();
    return part;
  }

  // All that is left, without moving.
  std::string_view Peek() const {
    const auto rest = bytes_.subspan(position_);
    return {reinterpret_cast<const char*>(rest.data()), rest.size()};
  }

  template <typename T>
  T Read(std::string_view what) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    std::memcpy(&value, Take(sizeof value, what).data(), sizeof value);
    return value;
  }

  std::string_view ReadText(uint64_t count, std::string_view what) {
    const auto part = Take(count, what);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }

 private:
  const std::string& path_;
  std::span<const std::byte> bytes_;
  size_t position_;
};

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_BYTE_READER_H_

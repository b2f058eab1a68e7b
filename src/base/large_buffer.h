#ifndef LLAMBA_BASE_LARGE_BUFFER_H_
#define LLAMBA_BASE_LARGE_BUFFER_H_

#include <cstddef>
#include <utility>

namespace llamba {

// Bytes for what is large, written once and then streamed (weights): from the
// system directly, on huge pages where it grants them, which spare a reader
// most of the address look-ups. Starts as zeros; memory is taken as it is first
// written. Aligned to 64 bytes at least. Moves only.
class LargeBuffer {
 public:
  LargeBuffer() = default;
  // Throws std::bad_alloc.
  explicit LargeBuffer(size_t size);
  ~LargeBuffer();
  LargeBuffer(LargeBuffer&& other) noexcept { *this = std::move(other); }
  LargeBuffer& operator=(LargeBuffer&& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(mapped_, other.mapped_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void* mapping_ = nullptr;
  size_t mapped_ = 0;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace llamba

#endif  // LLAMBA_BASE_LARGE_BUFFER_H_

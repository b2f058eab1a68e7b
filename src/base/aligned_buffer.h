#ifndef LLAMBA_BASE_ALIGNED_BUFFER_H_
#define LLAMBA_BASE_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

namespace llamba {

// A fixed-size array of trivially copyable values on a 64-byte boundary (a
// cache line, and the widest vector). Values start as zero bytes. Copying
// copies the values.
template <typename T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  static constexpr size_t kAlignment = 64;

  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) : data_(Allocate(size)), size_(size) {
    if (size != 0) std::memset(data_.get(), 0, size * sizeof(T));
  }
  AlignedBuffer(const AlignedBuffer& other)
      : data_(Allocate(other.size_)), size_(other.size_) {
    if (size_ != 0) {
      std::memcpy(data_.get(), other.data_.get(), size_ * sizeof(T));
    }
  }
  AlignedBuffer& operator=(const AlignedBuffer& other) {
    if (this != &other) *this = AlignedBuffer(other);
    return *this;
  }
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::move(other.data_)), size_(other.size_) {
    other.size_ = 0;
  }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = other.size_;
    other.size_ = 0;
    return *this;
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_.get()[i]; }
  const T& operator[](size_t i) const { return data_.get()[i]; }
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  using Pointer = std::unique_ptr<T, Free>;

  static Pointer Allocate(size_t size) {
    if (size == 0) return nullptr;
    const size_t bytes =
        (size * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    void* p = std::aligned_alloc(kAlignment, bytes);
    if (p == nullptr) throw std::bad_alloc();
    return Pointer(static_cast<T*>(p));
  }

  Pointer data_;
  size_t size_ = 0;
};

}  // namespace llamba

#endif  // LLAMBA_BASE_ALIGNED_BUFFER_H_

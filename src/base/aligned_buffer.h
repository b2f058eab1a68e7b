#ifndef LLAMBA_BASE_ALIGNED_BUFFER_H_
#define LLAMBA_BASE_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdint>
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
  // Frees what malloc gave, in which the values begin at the first boundary.
  struct Free {
    void* block = nullptr;
    void operator()(T*) const { std::free(block); }
  };
  using Pointer = std::unique_ptr<T, Free>;

  // Not aligned_alloc: the C library searches more than the size for it, so a
  // block that was freed never fits the next one of its size, and a program
  // that makes and drops states keeps growing.
  static Pointer Allocate(size_t size) {
    if (size == 0) return nullptr;
    void* block = std::malloc(size * sizeof(T) + kAlignment);
    if (block == nullptr) throw std::bad_alloc();
    const auto address = reinterpret_cast<uintptr_t>(block);
    const uintptr_t aligned = (address + kAlignment) / kAlignment * kAlignment;
    return Pointer(reinterpret_cast<T*>(aligned), Free{block});
  }

  Pointer data_;
  size_t size_ = 0;
};

}  // namespace llamba

#endif  // LLAMBA_BASE_ALIGNED_BUFFER_H_

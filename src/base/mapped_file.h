#ifndef LLAMBA_BASE_MAPPED_FILE_H_
#define LLAMBA_BASE_MAPPED_FILE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace llamba {

// A whole file mapped read-only. Immutable and safe to share between threads;
// the bytes live as long as the object.
class MappedFile {
 public:
  // Throws Error naming the path where it cannot be opened, is a directory, or
  // cannot be mapped. An empty file gives an empty span.
  static std::shared_ptr<const MappedFile> Open(const std::string& path);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(std::string path, const std::byte* data, size_t size)
      : path_(std::move(path)), data_(data), size_(size) {}

  std::string path_;
  const std::byte* data_;
  size_t size_;
};

// Tells the system that these bytes of a MappedFile are not needed soon, so
// that they stop counting as this process' memory; reading them again is slow,
// not wrong. For bytes of mapped files only.
void ReleasePages(std::span<const std::byte> bytes);

}  // namespace llamba

#endif  // LLAMBA_BASE_MAPPED_FILE_H_

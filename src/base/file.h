#ifndef LLAMBA_BASE_FILE_H_
#define LLAMBA_BASE_FILE_H_

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace llamba {

// The whole file as bytes. Throws Error naming the path.
std::string ReadFile(const std::string& path);

bool FileExists(const std::string& path);
bool IsDirectory(const std::string& path);

// Writes to `path`.tmp.PID and renames it to `path` on Commit, so that a reader
// sees the old file or the whole new one. Destroyed without Commit, it removes
// the temporary file and leaves `path` as it was. Every failure (a full disk)
// is an Error naming the path. Links are followed; devices written in place.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::span<const std::byte> bytes);
  void Write(std::string_view text);
  // Bytes written so far.
  size_t offset() const { return offset_; }
  // Flushes, syncs to the disk and renames. Call once.
  void Commit();

 private:
  std::string path_;
  std::string temporary_;
  std::FILE* file_ = nullptr;
  size_t offset_ = 0;
};

// Throws Error naming `path` where an AtomicFile could not write it: its folder
// is missing or closed to us, or it is a folder. For before long work.
void CheckWritable(const std::string& path);

// AtomicFile in one call.
void WriteFileAtomically(const std::string& path, std::string_view text);

}  // namespace llamba

#endif  // LLAMBA_BASE_FILE_H_

#include "base/file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace llamba {

std::string ReadFile(const std::string& path) {
  if (IsDirectory(path)) Fail("{}: expected a file, found a directory", path);
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) Fail("{}: cannot open: {}", path, std::strerror(errno));
  std::string text;
  char buffer[1 << 16];
  size_t n = 0;
  while ((n = std::fread(buffer, 1, sizeof buffer, file)) > 0) {
    text.append(buffer, n);
  }
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) Fail("{}: cannot read", path);
  return text;
}

bool FileExists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

bool IsDirectory(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

namespace {

bool IsBelow(const std::filesystem::path& path, const char* folder) {
  const std::filesystem::path parent(folder);
  return std::mismatch(parent.begin(), parent.end(), path.begin(), path.end())
             .first == parent.end();
}

// What `path` stands for: itself, or what its links lead to. Empty where that
// must be written in place: a device or pipe, and whatever /dev and /proc link
// to (/dev/stdout may be a file that others hold open).
std::string ReplaceablePath(const std::string& path) {
  constexpr int kMostLinks = 40;  // as the kernel follows
  std::error_code ignored;
  std::filesystem::path at = path;
  for (int links = 0; links < kMostLinks; ++links) {
    const auto status = std::filesystem::symlink_status(at, ignored);
    if (!std::filesystem::is_symlink(status)) {
      const bool replaceable = !std::filesystem::exists(status) ||
                               std::filesystem::is_regular_file(status);
      return replaceable ? at.string() : "";
    }
    const auto whole = std::filesystem::absolute(at, ignored);
    if (IsBelow(whole, "/dev") || IsBelow(whole, "/proc")) break;
    at = whole.parent_path() / std::filesystem::read_symlink(whole, ignored);
  }
  return "";
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path) : path_(ReplaceablePath(path)) {
  if (path_.empty()) {
    path_ = temporary_ = path;
  } else {
    temporary_ = fmt::format("{}.tmp.{}", path_, getpid());
  }
  file_ = std::fopen(temporary_.c_str(), "wb");
  if (file_ == nullptr) {
    Fail("{}: cannot create: {}", path, std::strerror(errno));
  }
}

AtomicFile::~AtomicFile() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  if (temporary_ != path_) std::remove(temporary_.c_str());
}

void AtomicFile::Write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) {
    Fail("{}: cannot write {} bytes at {}: {}", path_, bytes.size(), offset_,
         std::strerror(errno));
  }
  offset_ += bytes.size();
}

void AtomicFile::Write(std::string_view text) {
  Write(std::as_bytes(std::span(text.data(), text.size())));
}

void AtomicFile::Commit() {
  LLAMBA_ASSERT(file_ != nullptr);
  const bool in_place = temporary_ == path_;
  const bool flushed =
      std::fflush(file_) == 0 && (in_place || fsync(fileno(file_)) == 0);
  const int flush_error = errno;
  const bool closed = std::fclose(file_) == 0;
  file_ = nullptr;
  if (!flushed || !closed ||
      (!in_place && std::rename(temporary_.c_str(), path_.c_str()) != 0)) {
    const int reason = flushed ? errno : flush_error;
    if (!in_place) std::remove(temporary_.c_str());
    Fail("{}: cannot write: {}", path_, std::strerror(reason));
  }
}

void CheckWritable(const std::string& path) {
  if (IsDirectory(path)) Fail("{}: expected a file, found a directory", path);
  const std::string target = ReplaceablePath(path);
  if (target.empty()) {
    if (access(path.c_str(), W_OK) == 0) return;
    Fail("{}: cannot write: {}", path, std::strerror(errno));
  }
  const std::filesystem::path parent =
      std::filesystem::path(target).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (!IsDirectory(folder)) Fail("{}: no such directory: {}", path, folder);
  const AtomicFile probe(path);  // goes again; access() would not know of /proc
}

void WriteFileAtomically(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.Write(text);
  file.Commit();
}

}  // namespace llamba

#ifndef LLAMBA_CHECKPOINT_ZIP_ARCHIVE_H_
#define LLAMBA_CHECKPOINT_ZIP_ARCHIVE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace llamba {

// The members of a zip file (zip64 too) by its central directory, as PKWARE's
// APPNOTE.TXT describes it. Immutable; the bytes must outlive it.
class ZipArchive {
 public:
  // Throws Error naming `path` where the directory does not fit the file.
  ZipArchive(const std::string& path, std::span<const std::byte> bytes);

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // The bytes of a stored member. Throws Error where it is missing, compressed,
  // encrypted, or does not lie inside the file.
  std::span<const std::byte> Read(std::string_view name) const;

  // The one member whose name ends so; throws Error where there is none, or
  // more than one.
  std::string OnlyNameEndingWith(std::string_view suffix) const;

 private:
  struct Member {
    uint16_t flags, method;
    uint64_t compressed, size, header_offset;
  };

  const Member* Find(std::string_view name) const;
  void ReadDirectory(uint64_t offset, uint64_t size, uint64_t count);

  std::string path_;
  std::span<const std::byte> bytes_;
  std::map<std::string, Member, std::less<>> members_;
};

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_ZIP_ARCHIVE_H_

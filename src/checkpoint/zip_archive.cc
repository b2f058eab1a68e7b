#include "checkpoint/zip_archive.h"

#include <algorithm>

#include "base/error.h"
#include "checkpoint/byte_reader.h"
#include "checkpoint/printable.h"

namespace llamba {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kDirectoryEntry = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kEnd64Locator = 0x07064b50;
constexpr size_t kEndBytes = 22;
constexpr size_t kLocatorBytes = 20;
constexpr size_t kLongestComment = 0xffff;
constexpr uint16_t kZip64Extra = 1;
constexpr uint16_t kEncrypted = 1;
constexpr uint16_t kStored = 0;
constexpr uint32_t kInZip64 = 0xffffffff;  // a size or offset that stands there

struct Directory {
  uint64_t offset, size, count;
};

ByteReader ReaderAt(const std::string& path, std::span<const std::byte> bytes,
                    uint64_t position, std::string_view what) {
  if (position > bytes.size()) {
    Fail("{}: {} at {} lies outside the {} bytes of the file", path, what,
         position, bytes.size());
  }
  return ByteReader(path, bytes, static_cast<size_t>(position));
}

void ExpectSignature(ByteReader& reader, uint32_t expected,
                     std::string_view what) {
  const size_t position = reader.position();
  const auto found = reader.Read<uint32_t>(what);
  if (found != expected) {
    Fail("{}: {} at {}: expected the signature {:08x}, found {:08x}",
         reader.path(), what, position, expected, found);
  }
}

// The end record is the last thing in the file, but for a comment whose length
// it holds.
size_t FindEnd(const std::string& path, std::span<const std::byte> bytes) {
  const size_t lowest = bytes.size() > kEndBytes + kLongestComment
                            ? bytes.size() - kEndBytes - kLongestComment
                            : 0;
  for (size_t at = bytes.size() >= kEndBytes ? bytes.size() - kEndBytes + 1 : 0;
       at-- > lowest;) {
    ByteReader reader(path, bytes, at);
    if (reader.Read<uint32_t>("zip") != kEnd) continue;
    reader.Take(kEndBytes - 6, "zip");
    if (reader.Read<uint16_t>("zip") == reader.remaining()) return at;
  }
  Fail(
      "{}: expected a zip file as torch.save writes it since PyTorch 1.6; "
      "found no zip directory",
      path);
}

Directory FindDirectory(const std::string& path,
                        std::span<const std::byte> bytes) {
  const size_t end = FindEnd(path, bytes);
  constexpr std::string_view kWhat = "zip end record";
  if (end >= kLocatorBytes) {
    ByteReader locator(path, bytes, end - kLocatorBytes);
    if (locator.Read<uint32_t>(kWhat) == kEnd64Locator) {
      locator.Take(4, kWhat);
      ByteReader record =
          ReaderAt(path, bytes, locator.Read<uint64_t>(kWhat), kWhat);
      ExpectSignature(record, kEnd64, kWhat);
      record.Take(28, kWhat);
      const auto count = record.Read<uint64_t>(kWhat);
      const auto size = record.Read<uint64_t>(kWhat);
      return {record.Read<uint64_t>(kWhat), size, count};
    }
  }
  ByteReader record(path, bytes, end + 10);
  const auto count = record.Read<uint16_t>(kWhat);
  const auto size = record.Read<uint32_t>(kWhat);
  return {record.Read<uint32_t>(kWhat), size, count};
}

// Replaces the values that are kInZip64 by those of the zip64 extra field,
// which holds them alone, in this order.
void ReadZip64Extra(ByteReader extra, std::span<uint64_t* const> values,
                    std::string_view what) {
  while (extra.remaining() >= 4) {
    const auto id = extra.Read<uint16_t>(what);
    const auto size = extra.Read<uint16_t>(what);
    ByteReader field(extra.path(), extra.Take(size, what));
    if (id != kZip64Extra) continue;
    for (uint64_t* value : values) {
      if (*value == kInZip64) *value = field.Read<uint64_t>(what);
    }
    return;
  }
}

}  // namespace

ZipArchive::ZipArchive(const std::string& path,
                       std::span<const std::byte> bytes)
    : path_(path), bytes_(bytes) {
  const Directory directory = FindDirectory(path_, bytes_);
  ReadDirectory(directory.offset, directory.size, directory.count);
}

void ZipArchive::ReadDirectory(uint64_t offset, uint64_t size, uint64_t count) {
  constexpr std::string_view kWhat = "zip directory";
  ByteReader outer = ReaderAt(path_, bytes_, offset, kWhat);
  ByteReader reader(path_, outer.Take(size, kWhat));
  for (uint64_t i = 0; i < count; ++i) {
    ExpectSignature(reader, kDirectoryEntry, kWhat);
    reader.Take(4, kWhat);  // versions
    Member member{};
    member.flags = reader.Read<uint16_t>(kWhat);
    member.method = reader.Read<uint16_t>(kWhat);
    reader.Take(8, kWhat);  // time, date, CRC
    member.compressed = reader.Read<uint32_t>(kWhat);
    member.size = reader.Read<uint32_t>(kWhat);
    const auto name_bytes = reader.Read<uint16_t>(kWhat);
    const auto extra_bytes = reader.Read<uint16_t>(kWhat);
    const auto comment_bytes = reader.Read<uint16_t>(kWhat);
    reader.Take(8, kWhat);  // disk, attributes
    member.header_offset = reader.Read<uint32_t>(kWhat);
    const std::string name(reader.ReadText(name_bytes, kWhat));
    uint64_t* const wide[] = {&member.size, &member.compressed,
                              &member.header_offset};
    ReadZip64Extra(ByteReader(path_, reader.Take(extra_bytes, kWhat)), wide,
                   kWhat);
    reader.Take(comment_bytes, kWhat);
    if (!members_.emplace(name, member).second) {
      Fail("{}: zip member '{}' occurs twice", path_, Printable(name));
    }
  }
}

const ZipArchive::Member* ZipArchive::Find(std::string_view name) const {
  const auto it = members_.find(name);
  return it == members_.end() ? nullptr : &it->second;
}

std::span<const std::byte> ZipArchive::Read(std::string_view name) const {
  const Member* member = Find(name);
  if (member == nullptr) {
    Fail("{}: zip member '{}' is missing", path_, Printable(name));
  }
  const std::string what = fmt::format("zip member '{}'", Printable(name));
  if ((member->flags & kEncrypted) != 0 || member->method != kStored ||
      member->compressed != member->size) {
    Fail("{}: {}: expected plain stored bytes, found it {}", path_, what,
         (member->flags & kEncrypted) != 0 ? "encrypted" : "compressed");
  }
  ByteReader reader = ReaderAt(path_, bytes_, member->header_offset, what);
  ExpectSignature(reader, kLocalHeader, what);
  reader.Take(22, what);
  const auto name_bytes = reader.Read<uint16_t>(what);
  const auto extra_bytes = reader.Read<uint16_t>(what);
  const std::string_view local_name = reader.ReadText(name_bytes, what);
  if (local_name != name) {
    Fail("{}: {}: its local header names it '{}'", path_, what,
         Printable(local_name));
  }
  reader.Take(extra_bytes, what);
  return reader.Take(member->size, what);
}

std::string ZipArchive::OnlyNameEndingWith(std::string_view suffix) const {
  const std::string* found = nullptr;
  for (const auto& [name, member] : members_) {
    if (name.size() < suffix.size() ||
        name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0) {
      continue;
    }
    if (found != nullptr) {
      Fail("{}: expected one zip member '{}', found '{}' and '{}'", path_,
           suffix, Printable(*found), Printable(name));
    }
    found = &name;
  }
  if (found == nullptr) Fail("{}: zip member '*{}' is missing", path_, suffix);
  return *found;
}

}  // namespace llamba

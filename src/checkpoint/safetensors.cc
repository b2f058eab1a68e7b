#include "checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "checkpoint/parse.h"
#include "checkpoint/printable.h"
#include "checkpoint/safetensors_header.h"
#include "checkpoint/safetensors_types.h"
#include "formats/formats.h"

namespace llamba {
namespace {

constexpr size_t kLengthBytes = 8;
// The limit of the safetensors package.
constexpr uint64_t kMaxHeader = 100'000'000;

using Entry = SafetensorsHeader::Entry;

std::string_view HeaderText(const std::string& path,
                            std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) {
    Fail("{}: expected at least {} bytes of safetensors, found {}", path,
         kLengthBytes, bytes.size());
  }
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxHeader || length > bytes.size() - kLengthBytes) {
    Fail("{}: header of {} bytes: expected at most {} in a file of {} bytes",
         path, length,
         std::min<uint64_t>(kMaxHeader, bytes.size() - kLengthBytes),
         bytes.size());
  }
  return {reinterpret_cast<const char*>(bytes.data()) + kLengthBytes,
          static_cast<size_t>(length)};
}

NamedTensor MakeTensor(const std::string& path, const Entry& entry,
                       std::span<const std::byte> data) {
  const std::string name = Printable(entry.name);
  const auto dtype = ParseSafetensorsType(entry.dtype);
  if (!dtype) {
    Fail("{}: tensor '{}': type '{}' is not supported", path, name,
         Printable(entry.dtype));
  }
  const auto bytes = TensorBytes(*dtype, entry.shape);
  if (!bytes) {
    Fail("{}: tensor '{}': shape {} is too large", path, name,
         ShapeString(entry.shape));
  }
  const uint64_t begin = entry.offsets[0];
  const uint64_t end = entry.offsets[1];
  if (begin > end || end > data.size()) {
    Fail(
        "{}: tensor '{}': data_offsets {} to {} lie outside the {} bytes of "
        "data",
        path, name, begin, end, data.size());
  }
  if (end - begin != *bytes) {
    Fail("{}: tensor '{}': {} {} needs {} bytes, data_offsets {} to {} give {}",
         path, name, entry.dtype, ShapeString(entry.shape), *bytes, begin, end,
         end - begin);
  }
  return {entry.name, {*dtype, entry.shape, data.data() + begin, *bytes}};
}

// The format allows neither overlap nor hole: in order of their offsets the
// tensors cover the data from its first byte to its last.
void CheckCoverage(const std::string& path, const std::vector<Entry>& entries,
                   size_t data_size) {
  std::vector<const Entry*> sorted;
  sorted.reserve(entries.size());
  for (const Entry& entry : entries) sorted.push_back(&entry);
  std::sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
    return a->offsets < b->offsets;
  });
  uint64_t expected = 0;
  for (const Entry* entry : sorted) {
    if (entry->offsets[0] != expected) {
      Fail("{}: tensor '{}': expected its data at offset {}, found {} ({})",
           path, Printable(entry->name), expected, entry->offsets[0],
           entry->offsets[0] < expected ? "it overlaps another tensor"
                                        : "bytes of no tensor lie before it");
    }
    expected = entry->offsets[1];
  }
  if (expected != data_size) {
    Fail("{}: expected {} bytes of data, found {}", path, expected, data_size);
  }
}

}  // namespace

TensorFile ParseSafetensors(const std::string& path,
                            std::span<const std::byte> bytes) {
  const std::string_view text = HeaderText(path, bytes);
  SafetensorsHeader header = ParseSafetensorsHeader(path, text);
  const auto data = bytes.subspan(kLengthBytes + text.size());
  TensorFile file(path);
  for (const Entry& entry : header.entries) {
    file.Add(MakeTensor(path, entry, data));
  }
  CheckCoverage(path, header.entries, data.size());
  file.SetMetadata(std::move(header.metadata));
  return file;
}

TensorFile ReadSafetensors(const std::string& path) {
  auto mapped = MappedFile::Open(path);
  TensorFile file = ParseSafetensors(path, mapped->bytes());
  file.KeepAlive(std::move(mapped));
  return file;
}

}  // namespace llamba

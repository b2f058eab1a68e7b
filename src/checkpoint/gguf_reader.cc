#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "checkpoint/byte_reader.h"
#include "checkpoint/gguf.h"
#include "checkpoint/gguf_types.h"
#include "checkpoint/gguf_values.h"
#include "checkpoint/parse.h"
#include "checkpoint/printable.h"
#include "formats/formats.h"

namespace llamba {
namespace {

using gguf::AlignUp;

struct Counts {
  uint64_t tensors, keys;
};

Counts ReadHead(ByteReader& reader) {
  const std::string_view magic = reader.ReadText(sizeof gguf::kMagic, "magic");
  if (magic != std::string_view(gguf::kMagic, sizeof gguf::kMagic)) {
    Fail("{}: expected the magic GGUF, found '{}'", reader.path(),
         Printable(magic));
  }
  const auto version = reader.Read<uint32_t>("version");
  if (version != 2 && version != gguf::kVersion) {
    const bool swapped = __builtin_bswap32(version) <= gguf::kVersion;
    Fail("{}: expected GGUF version 2 or 3, little endian, found {}",
         reader.path(),
         swapped ? "a big-endian file" : fmt::format("version {}", version));
  }
  const auto tensors = reader.Read<uint64_t>("tensor count");
  const auto keys = reader.Read<uint64_t>("key count");
  return {tensors, keys};
}

GgufMetadata ReadMetadata(ByteReader& reader, uint64_t count) {
  GgufMetadata metadata;
  metadata.path = reader.path();
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view key =
        gguf::ReadString(reader, "the key of a metadata entry");
    if (metadata.Has(key)) {
      Fail("{}: metadata '{}' occurs twice", reader.path(), Printable(key));
    }
    const std::string what = fmt::format("metadata '{}'", Printable(key));
    metadata.Set(key, gguf::ReadValue(reader, what));
  }
  return metadata;
}

uint64_t ReadAlignment(const GgufMetadata& metadata) {
  const int64_t alignment =
      metadata.GetIntOr(gguf::kAlignmentKey, gguf::kAlignment);
  if (alignment <= 0 || alignment > std::numeric_limits<uint32_t>::max() ||
      !std::has_single_bit(static_cast<uint64_t>(alignment))) {
    Fail("{}: metadata '{}': expected a power of two below 2^32, found {}",
         metadata.path, gguf::kAlignmentKey, alignment);
  }
  return static_cast<uint64_t>(alignment);
}

void RefuseSplit(const GgufMetadata& metadata) {
  const int64_t count = metadata.GetIntOr(gguf::kSplitKey, 1);
  if (count > 1) {
    Fail(
        "{}: this is one of {} parts of a split GGUF ('{}'): merge them into "
        "one file first",
        metadata.path, count, gguf::kSplitKey);
  }
}

struct Description {
  TensorInfo info;
  uint64_t offset;
  size_t bytes;
};

Shape ReadShape(ByteReader& reader, std::string_view what) {
  const auto n = reader.Read<uint32_t>(what);
  if (n > gguf::kMaxDimensions) {
    Fail("{}: {}: expected at most {} dimensions, found {}", reader.path(),
         what, gguf::kMaxDimensions, n);
  }
  Shape shape(n);
  for (uint32_t i = n; i-- > 0;) {  // innermost first in the file
    const auto dimension = reader.Read<uint64_t>(what);
    if (dimension >
        static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      Fail("{}: {}: dimension {} is too large", reader.path(), what, dimension);
    }
    shape[i] = static_cast<int64_t>(dimension);
  }
  return shape;
}

Description ReadDescription(ByteReader& reader) {
  const std::string name(gguf::ReadString(reader, "the name of a tensor"));
  const std::string what = fmt::format("tensor '{}'", Printable(name));
  Shape shape = ReadShape(reader, what);
  const auto type = reader.Read<uint32_t>(what);
  const auto offset = reader.Read<uint64_t>(what);
  const auto dtype = gguf::TensorType(type);
  if (!dtype) {
    Fail("{}: {}: type {} is not supported", reader.path(), what,
         gguf::TensorTypeName(type));
  }
  const auto bytes = TensorBytes(*dtype, shape);
  if (!bytes) {
    Fail(
        "{}: {}: shape {}: expected rows of whole {} blocks ({} values), and "
        "less than 2^62 values",
        reader.path(), what, ShapeString(shape), DTypeName(*dtype),
        GetBlockSize(*dtype).elements);
  }
  return {{name, *dtype, std::move(shape)}, offset, *bytes};
}

NamedTensor Place(const std::string& path, const Description& tensor,
                  uint64_t alignment, std::span<const std::byte> data) {
  const std::string name = Printable(tensor.info.name);
  if (tensor.offset % alignment != 0) {
    Fail(
        "{}: tensor '{}': expected an offset that is a multiple of {}, found "
        "{}",
        path, name, alignment, tensor.offset);
  }
  if (tensor.offset > data.size() ||
      tensor.bytes > data.size() - tensor.offset) {
    Fail(
        "{}: tensor '{}': {} bytes at offset {} lie outside the {} bytes of "
        "data",
        path, name, tensor.bytes, tensor.offset, data.size());
  }
  return {tensor.info.name,
          {tensor.info.dtype, tensor.info.shape, data.data() + tensor.offset,
           tensor.bytes}};
}

void CheckOverlap(const std::string& path,
                  const std::vector<Description>& tensors) {
  std::vector<const Description*> sorted;
  sorted.reserve(tensors.size());
  for (const Description& tensor : tensors) {
    if (tensor.bytes != 0) sorted.push_back(&tensor);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Description* a, const Description* b) {
              return a->offset < b->offset;
            });
  for (size_t i = 1; i < sorted.size(); ++i) {
    const Description& before = *sorted[i - 1];
    if (before.offset + before.bytes > sorted[i]->offset) {
      Fail(
          "{}: tensor '{}' at offset {} overlaps tensor '{}', which ends at "
          "{}",
          path, Printable(sorted[i]->info.name), sorted[i]->offset,
          Printable(before.info.name), before.offset + before.bytes);
    }
  }
}

}  // namespace

GgufFile ParseGguf(const std::string& path, std::span<const std::byte> bytes) {
  ByteReader reader(path, bytes);
  const Counts counts = ReadHead(reader);
  GgufMetadata metadata = ReadMetadata(reader, counts.keys);
  RefuseSplit(metadata);
  const uint64_t alignment = ReadAlignment(metadata);

  std::vector<Description> descriptions;
  for (uint64_t i = 0; i < counts.tensors; ++i) {
    descriptions.push_back(ReadDescription(reader));
  }
  const uint64_t start = AlignUp(reader.position(), alignment);
  const auto data = bytes.subspan(
      static_cast<size_t>(std::min<uint64_t>(start, bytes.size())));
  TensorFile tensors(path);
  for (const Description& description : descriptions) {
    tensors.Add(Place(path, description, alignment, data));
  }
  CheckOverlap(path, descriptions);
  return {std::move(metadata), std::move(tensors)};
}

GgufFile ReadGguf(const std::string& path) {
  auto mapped = MappedFile::Open(path);
  GgufFile file = ParseGguf(path, mapped->bytes());
  // What was read of them is copied: a vocabulary takes some megabytes.
  ReleasePages(mapped->bytes());
  file.tensors.KeepAlive(std::move(mapped));
  return file;
}

bool IsGguf(const std::string& path) {
  if (!FileExists(path)) return false;
  const auto mapped = MappedFile::Open(path);
  const auto bytes = mapped->bytes();
  return bytes.size() >= sizeof gguf::kMagic &&
         std::memcmp(bytes.data(), gguf::kMagic, sizeof gguf::kMagic) == 0;
}

}  // namespace llamba

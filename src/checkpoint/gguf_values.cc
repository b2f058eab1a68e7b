#include "checkpoint/gguf_values.h"

#include <array>
#include <limits>

#include "checkpoint/gguf_types.h"

namespace llamba::gguf {
namespace {

bool ReadBool(ByteReader& reader, std::string_view what) {
  const auto byte = reader.Read<uint8_t>(what);
  if (byte > 1) {
    Fail("{}: {}: expected a boolean (0 or 1), found {}", reader.path(), what,
         byte);
  }
  return byte == 1;
}

int64_t ToSigned(ByteReader& reader, std::string_view what, uint64_t value) {
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    Fail("{}: {}: expected at most 2^63 - 1, found {}", reader.path(), what,
         value);
  }
  return static_cast<int64_t>(value);
}

// Stored: the type in the file; Kept: the one of GgufValue.
template <typename Stored, typename Kept>
GgufValue Scalar(ByteReader& reader, std::string_view what) {
  return static_cast<Kept>(reader.Read<Stored>(what));
}

GgufValue BoolScalar(ByteReader& reader, std::string_view what) {
  return ReadBool(reader, what);
}

GgufValue StringScalar(ByteReader& reader, std::string_view what) {
  return std::string(ReadString(reader, what));
}

template <typename Stored, typename Kept>
GgufValue Array(ByteReader& reader, uint64_t count, std::string_view what) {
  std::vector<Kept> values(static_cast<size_t>(count));
  for (Kept& value : values) {
    if constexpr (std::is_same_v<Stored, uint64_t>) {
      value = ToSigned(reader, what, reader.Read<Stored>(what));
    } else {
      value = static_cast<Kept>(reader.Read<Stored>(what));
    }
  }
  return values;
}

GgufValue BoolArray(ByteReader& reader, uint64_t count, std::string_view what) {
  std::vector<bool> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = ReadBool(reader, what);
  return values;
}

GgufValue StringArray(ByteReader& reader, uint64_t count,
                      std::string_view what) {
  std::vector<std::string> values;
  values.reserve(static_cast<size_t>(count));
  for (uint64_t i = 0; i < count; ++i) {
    values.emplace_back(ReadString(reader, what));
  }
  return values;
}

struct Traits {
  uint64_t least_bytes;  // of one value
  GgufValue (*scalar)(ByteReader&, std::string_view);
  GgufValue (*array)(ByteReader&, uint64_t, std::string_view);
};

template <typename Stored, typename Kept, typename KeptInArray>
constexpr Traits Number() {
  return {sizeof(Stored), Scalar<Stored, Kept>, Array<Stored, KeptInArray>};
}

// Indexed by ValueType.
constexpr std::array<Traits, 13> kTraits{{
    Number<uint8_t, uint64_t, int64_t>(),
    Number<int8_t, int64_t, int64_t>(),
    Number<uint16_t, uint64_t, int64_t>(),
    Number<int16_t, int64_t, int64_t>(),
    Number<uint32_t, uint64_t, int64_t>(),
    Number<int32_t, int64_t, int64_t>(),
    Number<float, double, double>(),
    {1, BoolScalar, BoolArray},
    {sizeof(uint64_t), StringScalar, StringArray},
    {0, nullptr, nullptr},  // kArray: ReadValue itself
    Number<uint64_t, uint64_t, int64_t>(),
    Number<int64_t, int64_t, int64_t>(),
    Number<double, double, double>(),
}};

const Traits& ReadType(ByteReader& reader, std::string_view what) {
  const auto type = reader.Read<uint32_t>(what);
  if (type >= kTraits.size()) {
    Fail("{}: {}: expected a value type from 0 to {}, found {}", reader.path(),
         what, kTraits.size() - 1, type);
  }
  return kTraits[type];
}

GgufValue ReadArray(ByteReader& reader, std::string_view what) {
  const Traits& traits = ReadType(reader, what);
  if (traits.array == nullptr) {
    Fail("{}: {}: arrays of arrays are not supported", reader.path(), what);
  }
  const auto count = reader.Read<uint64_t>(what);
  if (count > reader.remaining() / traits.least_bytes) {
    Fail(
        "{}: {}: an array of {} values does not fit the {} bytes to the end "
        "of the file",
        reader.path(), what, count, reader.remaining());
  }
  return traits.array(reader, count, what);
}

}  // namespace

std::string_view ReadString(ByteReader& reader, std::string_view what) {
  const auto length = reader.Read<uint64_t>(what);
  return reader.ReadText(length, what);
}

GgufValue ReadValue(ByteReader& reader, std::string_view what) {
  const Traits& traits = ReadType(reader, what);
  if (traits.scalar == nullptr) return ReadArray(reader, what);
  return traits.scalar(reader, what);
}

}  // namespace llamba::gguf

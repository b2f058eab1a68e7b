#ifndef LLAMBA_RUNTIME_STATE_IO_H_
#define LLAMBA_RUNTIME_STATE_IO_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "checkpoint/byte_reader.h"

namespace llamba {

static_assert(std::endian::native == std::endian::little,
              "saved states are little-endian, written as they lie in memory");

// Appends plain values and byte strings to a buffer.
class StateWriter {
 public:
  template <typename T>
  requires std::is_arithmetic_v<T>
  void Put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void Bytes(std::string_view bytes) { bytes_.append(bytes); }
  void Floats(std::span<const float> values) {
    bytes_.append(reinterpret_cast<const char*>(values.data()),
                  values.size_bytes());
  }
  // Length (64 bits), then the bytes.
  void Text(std::string_view text) {
    Put<uint64_t>(text.size());
    Bytes(text);
  }
  void Reserve(size_t bytes) { bytes_.reserve(bytes); }
  std::string Take() { return std::move(bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

inline void ReadFloats(ByteReader& reader, std::span<float> out,
                       std::string_view what) {
  const auto bytes = reader.Take(out.size_bytes(), what);
  if (!bytes.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
}

// What StateWriter's Text wrote.
inline std::string_view ReadText(ByteReader& reader, std::string_view what) {
  return reader.ReadText(reader.Read<uint64_t>(what), what);
}

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_STATE_IO_H_

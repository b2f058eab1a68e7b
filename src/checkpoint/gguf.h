#ifndef LLAMBA_CHECKPOINT_GGUF_H_
#define LLAMBA_CHECKPOINT_GGUF_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "checkpoint/tensor_file.h"
#include "checkpoint/tensor_writer.h"

namespace llamba {

// One metadata value. GGUF's integers of 8 to 32 bits become int64_t or
// uint64_t by sign, floats double; the writer chooses the width (see
// GgufWriter).
using GgufValue = std::variant<uint64_t, int64_t, double, bool, std::string,
                               std::vector<int64_t>, std::vector<double>,
                               std::vector<bool>, std::vector<std::string>>;

// The key/value part of a GGUF file, in file order; keys are unique. Safe to
// read from several threads.
class GgufMetadata {
 public:
  // For errors; the file's path.
  std::string path;

  const std::vector<std::pair<std::string, GgufValue>>& entries() const {
    return entries_;
  }

  // Null where the key is missing; O(log n). The pointer lasts until Set.
  const GgufValue* Find(std::string_view key) const;
  bool Has(std::string_view key) const { return Find(key) != nullptr; }

  // Get*: the value; throws Error naming file and key where it is missing or of
  // another type (a whole number is a float, too). *Or: the fallback where it
  // is missing.
  int64_t GetInt(std::string_view key) const;
  int64_t GetIntOr(std::string_view key, int64_t fallback) const;
  double GetFloat(std::string_view key) const;
  double GetFloatOr(std::string_view key, double fallback) const;
  bool GetBoolOr(std::string_view key, bool fallback) const;
  const std::string& GetString(std::string_view key) const;
  std::string GetStringOr(std::string_view key,
                          std::string_view fallback) const;
  // Null where the key is missing.
  const std::vector<std::string>* FindStrings(std::string_view key) const;
  // Any integer array, or one integer as an array of one; empty optional where
  // the key is missing.
  std::optional<std::vector<int64_t>> FindInts(std::string_view key) const;
  const std::vector<double>* FindFloats(std::string_view key) const;

  // Replaces the key's value, or adds it at the end.
  void Set(std::string_view key, GgufValue value);

 private:
  std::vector<std::pair<std::string, GgufValue>> entries_;
  std::map<std::string, size_t, std::less<>> index_;  // key to entry
};

struct GgufFile {
  GgufMetadata metadata;
  TensorFile tensors;  // shapes outermost first: GGUF's order reversed
};

// Maps a GGUF file (version 2 or 3, little endian). Counts, offsets, alignment
// and types are checked; a block type that src/formats does not know is an
// Error that names tensor and type. A split file (split.count > 1) is refused
// by name.
GgufFile ReadGguf(const std::string& path);

// True where the file starts with GGUF's magic.
bool IsGguf(const std::string& path);

// Writes version 3, alignment 32 (a general.alignment in `metadata` is left
// out). Integers are written as U32 where they fit (I32 where negative), else
// 64 bits; doubles as F32 (F64 beyond its range); integer arrays as I32 (I64
// where a value does not fit). Tensors' names have at most 63 bytes and
// their shapes 4 dimensions, as llama.cpp demands.
class GgufWriter : public TensorWriter {
 public:
  GgufWriter(const std::string& path, const GgufMetadata& metadata,
             const std::vector<TensorInfo>& tensors);
};

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_GGUF_H_

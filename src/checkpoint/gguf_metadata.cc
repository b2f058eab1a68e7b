#include <limits>

#include "base/error.h"
#include "checkpoint/gguf.h"
#include "checkpoint/printable.h"

namespace llamba {
namespace {

std::string_view Kind(const GgufValue& value) {
  static constexpr std::string_view kKinds[] = {
      "a whole number",
      "a whole number",
      "a number",
      "a boolean",
      "a string",
      "an array of whole numbers",
      "an array of numbers",
      "an array of booleans",
      "an array of strings",
  };
  static_assert(std::size(kKinds) == std::variant_size_v<GgufValue>);
  return kKinds[value.index()];
}

[[noreturn]] void WrongKind(const GgufMetadata& metadata, std::string_view key,
                            std::string_view expected, const GgufValue& found) {
  Fail("{}: metadata '{}': expected {}, found {}", metadata.path,
       Printable(key), expected, Kind(found));
}

// The value as T; throws Error for another type, null where it is missing.
template <typename T>
const T* FindAs(const GgufMetadata& metadata, std::string_view key,
                std::string_view expected) {
  const GgufValue* value = metadata.Find(key);
  if (value == nullptr) return nullptr;
  if (const T* typed = std::get_if<T>(value)) return typed;
  WrongKind(metadata, key, expected, *value);
}

int64_t ToInt(const GgufMetadata& metadata, std::string_view key,
              const GgufValue& value) {
  if (const auto* i = std::get_if<int64_t>(&value)) return *i;
  const auto* u = std::get_if<uint64_t>(&value);
  if (u == nullptr) WrongKind(metadata, key, "a whole number", value);
  if (*u > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    Fail("{}: metadata '{}': expected at most 2^63 - 1, found {}",
         metadata.path, Printable(key), *u);
  }
  return static_cast<int64_t>(*u);
}

double ToFloat(const GgufMetadata& metadata, std::string_view key,
               const GgufValue& value) {
  if (const auto* d = std::get_if<double>(&value)) return *d;
  if (const auto* i = std::get_if<int64_t>(&value)) {
    return static_cast<double>(*i);
  }
  if (const auto* u = std::get_if<uint64_t>(&value)) {
    return static_cast<double>(*u);
  }
  WrongKind(metadata, key, "a number", value);
}

const GgufValue& Need(const GgufMetadata& metadata, std::string_view key) {
  const GgufValue* value = metadata.Find(key);
  if (value == nullptr) {
    Fail("{}: metadata '{}' is missing", metadata.path, Printable(key));
  }
  return *value;
}

}  // namespace

const GgufValue* GgufMetadata::Find(std::string_view key) const {
  const auto it = index_.find(key);
  return it == index_.end() ? nullptr : &entries_[it->second].second;
}

int64_t GgufMetadata::GetInt(std::string_view key) const {
  return ToInt(*this, key, Need(*this, key));
}

int64_t GgufMetadata::GetIntOr(std::string_view key, int64_t fallback) const {
  const GgufValue* value = Find(key);
  return value == nullptr ? fallback : ToInt(*this, key, *value);
}

double GgufMetadata::GetFloat(std::string_view key) const {
  return ToFloat(*this, key, Need(*this, key));
}

double GgufMetadata::GetFloatOr(std::string_view key, double fallback) const {
  const GgufValue* value = Find(key);
  return value == nullptr ? fallback : ToFloat(*this, key, *value);
}

bool GgufMetadata::GetBoolOr(std::string_view key, bool fallback) const {
  const bool* value = FindAs<bool>(*this, key, "a boolean");
  return value == nullptr ? fallback : *value;
}

const std::string& GgufMetadata::GetString(std::string_view key) const {
  Need(*this, key);
  return *FindAs<std::string>(*this, key, "a string");
}

std::string GgufMetadata::GetStringOr(std::string_view key,
                                      std::string_view fallback) const {
  const auto* value = FindAs<std::string>(*this, key, "a string");
  return value == nullptr ? std::string(fallback) : *value;
}

const std::vector<std::string>* GgufMetadata::FindStrings(
    std::string_view key) const {
  return FindAs<std::vector<std::string>>(*this, key, "an array of strings");
}

std::optional<std::vector<int64_t>> GgufMetadata::FindInts(
    std::string_view key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* array = std::get_if<std::vector<int64_t>>(value)) {
    return *array;
  }
  return std::vector<int64_t>{ToInt(*this, key, *value)};
}

const std::vector<double>* GgufMetadata::FindFloats(
    std::string_view key) const {
  return FindAs<std::vector<double>>(*this, key, "an array of numbers");
}

void GgufMetadata::Set(std::string_view key, GgufValue value) {
  const auto [it, added] = index_.emplace(key, entries_.size());
  if (added) {
    entries_.emplace_back(key, std::move(value));
  } else {
    entries_[it->second].second = std::move(value);
  }
}

}  // namespace llamba

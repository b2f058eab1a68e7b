#include "tokenizer/json_reader.h"

#include "base/error.h"
#include "checkpoint/printable.h"

namespace llamba {

using simdjson::dom::element;

JsonDocument::JsonDocument(std::string_view text, std::string source)
    : source_(std::move(source)) {
  if (text.empty()) Fail("{}: expected JSON, found an empty file", source_);
  const auto error = parser_.parse(text.data(), text.size()).get(root_);
  if (error != simdjson::SUCCESS) {
    constexpr size_t kShown = 20;
    Fail("{}: expected JSON, found text that begins with \"{}\": {}", source_,
         Printable(text.substr(0, kShown)), simdjson::error_message(error));
  }
}

std::optional<element> JsonDocument::Find(element parent,
                                          std::string_view key) const {
  element value;
  if (!parent.is_object() ||
      parent.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) {
    return std::nullopt;
  }
  return value;
}

void JsonDocument::Mismatch(element value, std::string_view key,
                            std::string_view expected) const {
  Fail("{}: {}: expected {}, found {}", source_, key, expected, Excerpt(value));
}

std::string_view JsonDocument::String(element value,
                                      std::string_view key) const {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) Mismatch(value, key, "a string");
  return text;
}

int64_t JsonDocument::Int(element value, std::string_view key) const {
  int64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS) {
    Mismatch(value, key, "an integer");
  }
  return number;
}

bool JsonDocument::Bool(element value, std::string_view key) const {
  bool flag = false;
  if (value.get(flag) != simdjson::SUCCESS) {
    Mismatch(value, key, "true or false");
  }
  return flag;
}

simdjson::dom::array JsonDocument::Array(element value,
                                         std::string_view key) const {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) Mismatch(value, key, "an array");
  return array;
}

simdjson::dom::object JsonDocument::Object(element value,
                                           std::string_view key) const {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) {
    Mismatch(value, key, "an object");
  }
  return object;
}

std::string_view JsonDocument::StringOr(element parent, std::string_view key,
                                        std::string_view fallback) const {
  const std::optional<element> value = Find(parent, key);
  return value.has_value() ? String(*value, key) : fallback;
}

bool JsonDocument::BoolOr(element parent, std::string_view key,
                          bool fallback) const {
  const std::optional<element> value = Find(parent, key);
  return value.has_value() ? Bool(*value, key) : fallback;
}

std::string Excerpt(element value) {
  constexpr size_t kLongest = 400;
  std::string text = simdjson::minify(value);
  if (text.size() > kLongest) {
    size_t cut = kLongest;
    while ((static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
    text = text.substr(0, cut) + "..";
  }
  return text;
}

}  // namespace llamba

#include "model/json_fields.h"

#include <limits>

#include "base/error.h"
#include "base/json_depth.h"
#include "checkpoint/json_error.h"

namespace llamba {
namespace {

using nlohmann::json;

constexpr size_t kShownCharacters = 60;

// The value as it stands in the file, cut to a readable length.
std::string Shown(const json& value) {
  std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  if (text.size() > kShownCharacters) {
    text = text.substr(0, kShownCharacters) + "...";
  }
  return text;
}

}  // namespace

json ParseJsonObject(const std::string& text, const std::string& file) {
  json document;
  try {
    document = json::parse(text, LimitJsonDepth(file));
  } catch (const json::exception& error) {
    FailNoJson(file, text, error);
  }
  if (!document.is_object()) {
    Fail("{}: expected a JSON object, found {}", file, Shown(document));
  }
  return document;
}

JsonFields::JsonFields(const json& object, std::string file, std::string prefix)
    : object_(&object), file_(std::move(file)), prefix_(std::move(prefix)) {}

std::string JsonFields::Where(const char* key) const {
  return file_ + ": " + prefix_ + key;
}

const json* JsonFields::Find(const char* key) const {
  const auto it = object_->find(key);
  return it == object_->end() || it->is_null() ? nullptr : &*it;
}

const json& JsonFields::Require(const char* key, const char* expected) const {
  const json* value = Find(key);
  if (value == nullptr) {
    Fail("{}: expected {}, found nothing", Where(key), expected);
  }
  return *value;
}

void JsonFields::WrongType(const char* key, const char* expected,
                           const json& found) const {
  Fail("{}: expected {}, found {}", Where(key), expected, Shown(found));
}

int64_t JsonFields::ToInt(const char* key, const json& value) const {
  if (!value.is_number_integer()) WrongType(key, "an integer", value);
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() >
          static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    WrongType(key, "an integer below 2^63", value);
  }
  return value.get<int64_t>();
}

double JsonFields::ToFloat(const char* key, const json& value) const {
  if (!value.is_number()) WrongType(key, "a number", value);
  return value.get<double>();
}

int64_t JsonFields::Int(const char* key) const {
  return ToInt(key, Require(key, "an integer"));
}

int64_t JsonFields::IntOr(const char* key, int64_t fallback) const {
  const json* value = Find(key);
  return value == nullptr ? fallback : ToInt(key, *value);
}

double JsonFields::Float(const char* key) const {
  return ToFloat(key, Require(key, "a number"));
}

double JsonFields::FloatOr(const char* key, double fallback) const {
  const json* value = Find(key);
  return value == nullptr ? fallback : ToFloat(key, *value);
}

bool JsonFields::BoolOr(const char* key, bool fallback) const {
  const json* value = Find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) WrongType(key, "true or false", *value);
  return value->get<bool>();
}

std::string JsonFields::StringOr(const char* key,
                                 const std::string& fallback) const {
  const json* value = Find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) WrongType(key, "a string", *value);
  return value->get<std::string>();
}

std::optional<JsonFields> JsonFields::Object(const char* key) const {
  const json* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) WrongType(key, "an object", *value);
  return JsonFields(*value, file_, prefix_ + key + ".");
}

std::vector<int64_t> JsonFields::Ints(const char* key) const {
  const json* value = Find(key);
  if (value == nullptr) return {};
  if (!value->is_array()) WrongType(key, "an array of integers", *value);
  std::vector<int64_t> ints;
  for (const json& item : *value) ints.push_back(ToInt(key, item));
  return ints;
}

}  // namespace llamba

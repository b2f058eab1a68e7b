#include "template/from_json.h"

#include <nlohmann/json.hpp>

namespace llamba::jinja {
namespace {

using Json = nlohmann::ordered_json;

Value FromNumber(const Json& json) {
  if (json.is_number_float()) return json.get<double>();
  if (json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX) {
    Raise("an integer of the JSON exceeds 64 bits");
  }
  return json.get<int64_t>();
}

Value FromArray(const Json& json, int depth) {
  CheckRoom(json.size() * sizeof(Value));
  std::vector<Value> items;
  items.reserve(json.size());
  for (const Json& item : json) items.push_back(FromJson(item, depth + 1));
  return Value::MakeList(std::move(items));
}

Value FromObject(const Json& json, int depth) {
  CheckRoom(json.size() * 2 * sizeof(Value));
  std::vector<std::pair<Value, Value>> pairs;
  pairs.reserve(json.size());
  for (const auto& [key, item] : json.items()) {
    pairs.emplace_back(key, FromJson(item, depth + 1));
  }
  return Value::MakeDict(std::move(pairs));
}

}  // namespace

Value FromJson(const Json& json, int depth) {
  if (depth > kMaxValueDepth) {
    Raise("the JSON is nested deeper than the limit of {} levels",
          kMaxValueDepth);
  }
  if (json.is_string()) return json.get_ref<const std::string&>();
  if (json.is_null()) return {};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number()) return FromNumber(json);
  if (json.is_array()) return FromArray(json, depth);
  if (json.is_object()) return FromObject(json, depth);
  Raise("a binary value cannot be given to a template");
}

}  // namespace llamba::jinja

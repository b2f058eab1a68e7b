#ifndef LLAMBA_MODEL_JSON_FIELDS_H_
#define LLAMBA_MODEL_JSON_FIELDS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace llamba {

// Typed reading of one JSON object. null counts as absent. Every Error names
// the file, the field with its path inside the document ("ssm_cfg.d_state"),
// what was expected and what was found. Refers to the document: keep it alive.
class JsonFields {
 public:
  // `file` names the document in errors; `prefix` is the path to this object.
  JsonFields(const nlohmann::json& object, std::string file,
             std::string prefix = "");

  bool Has(const char* key) const { return Find(key) != nullptr; }
  // "file: prefix.key", how messages about a field begin.
  std::string Where(const char* key) const;

  int64_t Int(const char* key) const;
  int64_t IntOr(const char* key, int64_t fallback) const;
  double Float(const char* key) const;
  double FloatOr(const char* key, double fallback) const;
  bool BoolOr(const char* key, bool fallback) const;
  std::string StringOr(const char* key, const std::string& fallback) const;
  std::optional<JsonFields> Object(const char* key) const;
  // An array of integers; empty where the key is absent.
  std::vector<int64_t> Ints(const char* key) const;

 private:
  const nlohmann::json* Find(const char* key) const;
  const nlohmann::json& Require(const char* key, const char* expected) const;
  [[noreturn]] void WrongType(const char* key, const char* expected,
                              const nlohmann::json& found) const;
  int64_t ToInt(const char* key, const nlohmann::json& value) const;
  double ToFloat(const char* key, const nlohmann::json& value) const;

  const nlohmann::json* object_;
  std::string file_, prefix_;
};

// The document, whose root is an object. Throws Error naming the file and the
// place where it is no JSON.
nlohmann::json ParseJsonObject(const std::string& text,
                               const std::string& file);

}  // namespace llamba

#endif  // LLAMBA_MODEL_JSON_FIELDS_H_

#ifndef LLAMBA_TOKENIZER_JSON_READER_H_
#define LLAMBA_TOKENIZER_JSON_READER_H_

#include <simdjson.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace llamba {

// A JSON document and the values in it, with errors that name the file.
// Values live as long as the document.
class JsonDocument {
 public:
  // Throws Error where `text` is no JSON; `source` names the file.
  JsonDocument(std::string_view text, std::string source);

  simdjson::dom::element root() const { return root_; }
  const std::string& source() const { return source_; }

  // The member of an object; empty where it is missing, null, or `parent` is no
  // object.
  std::optional<simdjson::dom::element> Find(simdjson::dom::element parent,
                                             std::string_view key) const;

  // The value, or an Error naming `key`, the expected type and the text found.
  std::string_view String(simdjson::dom::element value,
                          std::string_view key) const;
  int64_t Int(simdjson::dom::element value, std::string_view key) const;
  bool Bool(simdjson::dom::element value, std::string_view key) const;
  simdjson::dom::array Array(simdjson::dom::element value,
                             std::string_view key) const;
  simdjson::dom::object Object(simdjson::dom::element value,
                               std::string_view key) const;

  // The member's value, or the fallback where there is none.
  std::string_view StringOr(simdjson::dom::element parent, std::string_view key,
                            std::string_view fallback) const;
  bool BoolOr(simdjson::dom::element parent, std::string_view key,
              bool fallback) const;

 private:
  [[noreturn]] void Mismatch(simdjson::dom::element value, std::string_view key,
                             std::string_view expected) const;

  std::string source_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

// The JSON text of a value, cut after some characters: for errors.
std::string Excerpt(simdjson::dom::element value);

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_JSON_READER_H_

#ifndef LLAMBA_TOKENIZER_JSON_WRITER_H_
#define LLAMBA_TOKENIZER_JSON_WRITER_H_

#include <string>
#include <string_view>

namespace llamba {

// The text as a JSON string, quotes included. What is no UTF-8 becomes U+FFFD.
std::string JsonQuoted(std::string_view text);

// Items of an array, or `"key": value` pairs of an object, a line each.
class JsonList {
 public:
  void Add(std::string_view item) {
    text_ += text_.empty() ? "\n" : ",\n";
    text_ += item;
  }
  std::string Array() const { return "[" + text_ + "\n]"; }
  std::string Object() const { return "{" + text_ + "\n}"; }

 private:
  std::string text_;
};

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_JSON_WRITER_H_

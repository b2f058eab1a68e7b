#ifndef LLAMBA_TOKENIZER_UTF8_H_
#define LLAMBA_TOKENIZER_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace llamba {

// One step through a text that may hold anything.
struct Utf8Step {
  enum Status {
    kComplete,    // `value` is the character
    kIncomplete,  // the text ends inside a character
    kInvalid,     // no character starts so
  };
  Status status = kComplete;
  // Bytes of the character; otherwise of the longest start of one (at least 1),
  // which is what one U+FFFD stands for (Unicode 16, section 3.9, table 3-8).
  size_t length = 1;
  char32_t value = 0;
};

// The character at the start of `text`, which is not empty. Overlong forms,
// surrogates and values past U+10FFFF are invalid.
Utf8Step DecodeUtf8(std::string_view text);

// Throws Error naming `what` and the byte's offset unless the text is UTF-8.
void CheckUtf8(std::string_view text, const std::string& what);

void AppendUtf8(char32_t value, std::string* text);

// Turns the bytes of tokens, which may end in the middle of a character, into
// text that never does. One stream a text; used by one thread at a time.
class Utf8Stream {
 public:
  enum class Invalid {
    kReplace,  // what is no UTF-8 becomes U+FFFD: the output is always valid
    kKeep,     // it passes as it is
  };
  explicit Utf8Stream(Invalid invalid = Invalid::kReplace)
      : invalid_(invalid) {}

  // The characters that are complete now; the rest (3 bytes at most) waits.
  std::string Feed(std::string_view bytes);
  // What waits: as it is, or one U+FFFD. The stream is empty again.
  std::string Flush();

 private:
  void AppendInvalid(std::string_view bytes, std::string* text) const;

  Invalid invalid_;
  std::string pending_;
};

}  // namespace llamba

#endif  // LLAMBA_TOKENIZER_UTF8_H_

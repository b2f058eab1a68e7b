#ifndef LLAMBA_TEMPLATE_UNICODE_H_
#define LLAMBA_TEMPLATE_UNICODE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace llamba::jinja {

// Strings are UTF-8 and count code points, as Python's do. A byte that is not
// part of valid UTF-8 counts as one code point of its own and passes unchanged.

// Bytes of the code point at text[pos]; pos < text.size().
size_t CodePointBytes(std::string_view text, size_t pos);
// The code point at text[pos]; 0xDC00 + byte for a byte that is no UTF-8 (as
// Python's surrogateescape has it).
char32_t DecodeAt(std::string_view text, size_t pos);
void AppendUtf8(char32_t code, std::string* out);

bool IsAscii(std::string_view text);
int64_t CodePointCount(std::string_view text);
// Byte offset of code point number `index`; text.size() past the end.
size_t ByteOffset(std::string_view text, int64_t index);

// Python's str.isspace of one code point.
bool IsSpace(char32_t code);
std::string_view StripLeft(std::string_view text);
std::string_view StripRight(std::string_view text);
std::string_view Strip(std::string_view text);

// Full case mapping of Unicode (one code point may become several), without the
// context rules of the final sigma.
std::string ToUpper(std::string_view text);
std::string ToLower(std::string_view text);
// Python's istitle-style mapping of one code point's upper form.
void AppendUpper(char32_t code, std::string* out);
void AppendLower(char32_t code, std::string* out);
void AppendTitle(char32_t code, std::string* out);
// Whether the code point has case (Lu, Ll, Lt and alike): what title() and
// isupper() look at.
bool IsCased(char32_t code);
bool IsUpperCase(char32_t code);
bool IsLowerCase(char32_t code);
// Letters and digits; beyond ASCII, what has case or lies in a block of
// letters.
bool IsAlpha(char32_t code);
bool IsWordChar(char32_t code);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_UNICODE_H_

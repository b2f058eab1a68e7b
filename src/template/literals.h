#ifndef LLAMBA_TEMPLATE_LITERALS_H_
#define LLAMBA_TEMPLATE_LITERALS_H_

#include <string>
#include <string_view>

#include "template/lexer.h"

namespace llamba::jinja {

// Bytes of the number that starts text[0], or 0 where none does. Underscores
// may part digits; 0x, 0o and 0b integers are known.
size_t ScanFloat(std::string_view text);
size_t ScanInteger(std::string_view text);

// The value of scanned text, into token->integer or token->number. Throws
// SyntaxError for what 64 bits do not hold.
void ParseInteger(std::string_view text, Token* token);
void ParseFloat(std::string_view text, Token* token);

// The text between the quotes with Python's escapes resolved.
std::string Unescape(std::string_view text, int line);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_LITERALS_H_

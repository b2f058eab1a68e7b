#ifndef LLAMBA_EVAL_TEXT_H_
#define LLAMBA_EVAL_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Strings as the Python of lm-evaluation-harness treats them: white space and
// characters are Unicode's. Bytes that are no UTF-8 count as a character each.
namespace llamba {

// str.rstrip and str.strip.
std::string_view StripRight(std::string_view text);
std::string_view Strip(std::string_view text);

// len(text).
int64_t CountCharacters(std::string_view text);
// len(re.split(r"\s+", text)): the empty pieces at the ends count.
int64_t CountWords(std::string_view text);

// text[0].lower() + text[1:], and str.capitalize().
std::string LowerFirst(std::string_view text);
std::string Capitalize(std::string_view text);

// Every `from` (not empty) becomes `to`, from left to right.
std::string ReplaceAll(std::string_view text, std::string_view from,
                       std::string_view to);

}  // namespace llamba

#endif  // LLAMBA_EVAL_TEXT_H_

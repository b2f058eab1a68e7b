#ifndef LLAMBA_APPS_TEXT_WINDOWS_H_
#define LLAMBA_APPS_TEXT_WINDOWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/config.h"
#include "tokenizer/tokenizer.h"

namespace llamba {

// Cuts a text as it is measured: windows of `window` tokens that do not
// overlap, each the prefix token (beginning-of-text, or else end-of-text) and
// window - 1 tokens of the text; the last may be shorter. The separator
// "<|end_of_text|>" of documents is an empty line. At most `limit` tokens of
// the text are taken; 0: all. Throws Error, `where` first, for an empty text,
// invalid UTF-8, and a tokenizer that has neither token.
std::vector<std::vector<int32_t>> TextWindows(const Tokenizer& tokenizer,
                                              const std::string& text,
                                              int64_t window, int64_t limit,
                                              const std::string& where);

// Of these windows as many as hold `limit` tokens of the text (0: all), spread
// evenly over it, the last one cut where it would go beyond.
std::vector<std::vector<int32_t>> SpreadWindows(
    std::vector<std::vector<int32_t>> windows, int64_t limit);

// Throws Error where an attention layer of `path`, whose configuration this is,
// cannot see as far as the longest window goes.
void CheckWindowsFit(const std::vector<std::vector<int32_t>>& windows,
                     const ModelConfig& config, const std::string& path);

// Tokens of the text in all windows: without the prefixes.
int64_t TokensIn(const std::vector<std::vector<int32_t>>& windows);

}  // namespace llamba

#endif  // LLAMBA_APPS_TEXT_WINDOWS_H_

#ifndef LLAMBA_TEMPLATE_STRING_SPLIT_H_
#define LLAMBA_TEMPLATE_STRING_SPLIT_H_

#include <string_view>
#include <vector>

#include "template/value.h"

namespace llamba::jinja {

// Python's str.split, rsplit (with and without separator) and splitlines.
// `limit` is the greatest number of cuts; negative for no limit.
std::vector<Value> SplitWords(std::string_view text, int64_t limit);
std::vector<Value> SplitWordsRight(std::string_view text, int64_t limit);
std::vector<Value> Split(std::string_view text, std::string_view separator,
                         int64_t limit);
std::vector<Value> SplitRight(std::string_view text, std::string_view separator,
                              int64_t limit);
std::vector<Value> SplitLines(std::string_view text, bool keep_ends);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_STRING_SPLIT_H_

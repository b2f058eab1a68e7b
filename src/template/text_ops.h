#ifndef LLAMBA_TEMPLATE_TEXT_OPS_H_
#define LLAMBA_TEMPLATE_TEXT_OPS_H_

#include <string>
#include <string_view>

#include "template/value.h"

namespace llamba::jinja {

// Work shared by string methods and string filters.

// Python's str.replace; a negative count replaces all.
std::string ReplaceText(std::string_view text, std::string_view old,
                        std::string_view by, int64_t count);

// Python's strip of a set of characters, at the ends asked for.
std::string_view StripChars(std::string_view text, std::string_view chars,
                            bool left, bool right);

// The first letter in upper (title) case, the rest in lower.
std::string Capitalize(std::string_view text);

// sep.join(items); `filter` lets any value be an item, by its str().
std::string JoinText(std::string_view separator, const Value& items,
                     bool stringify);

// The text between `width` code points of spaces, as str.center has it.
std::string CenterText(std::string_view text, int64_t width,
                       std::string_view fill);
// Spaces or `fill` to the left or right.
std::string JustifyText(std::string_view text, int64_t width,
                        std::string_view fill, bool to_right);

// Charges the worst case of searching `needle` in `text`.
void WorkOnSearch(std::string_view text, std::string_view needle);

}  // namespace llamba::jinja

#endif  // LLAMBA_TEMPLATE_TEXT_OPS_H_

#ifndef LLAMBA_APPS_ID_LIST_H_
#define LLAMBA_APPS_ID_LIST_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llamba {

// Whole numbers from 0 up, parted by commas, white space or the brackets of a
// JSON list. Throws Error, `where` first, naming the word that is none.
std::vector<int32_t> ParseIdList(std::string_view text,
                                 const std::string& where);

}  // namespace llamba

#endif  // LLAMBA_APPS_ID_LIST_H_

#include "apps/id_list.h"

#include <limits>

#include "base/error.h"
#include "base/parse_number.h"
#include "checkpoint/printable.h"

namespace llamba {

std::vector<int32_t> ParseIdList(std::string_view text,
                                 const std::string& where) {
  constexpr std::string_view kBetween = ", \t\r\n[]";
  std::vector<int32_t> ids;
  for (;;) {
    const size_t begin = text.find_first_not_of(kBetween);
    if (begin == std::string_view::npos) return ids;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kBetween));
    text.remove_prefix(word.size());
    const auto id = ParseNumber<int32_t>(word);
    if (!id || *id < 0) {
      Fail("{}: expected whole numbers from 0 to {}, found '{}'", where,
           std::numeric_limits<int32_t>::max(), Printable(word));
    }
    ids.push_back(*id);
  }
}

}  // namespace llamba

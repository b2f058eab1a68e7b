#include "tokenizer/unicode_class.h"

#include <algorithm>
#include <map>

namespace llamba {

const ClassTable& ClassTable::Get() {
  static const ClassTable table;
  return table;
}

ClassTable::ClassTable() {
  std::vector<CharClass> all(0x110000, CharClass::kOther);
  for (const ClassRange& range : UnicodeClassRanges()) {
    std::fill(all.begin() + range.first, all.begin() + range.last + 1,
              range.char_class);
  }
  // Most pages are all letters or all nothing: equal ones are kept once.
  std::map<Page, uint16_t> known;
  for (size_t i = 0; i < page_of_.size(); ++i) {
    Page page;
    std::copy_n(all.begin() + i * page.size(), page.size(), page.begin());
    const auto [at, added] =
        known.emplace(page, static_cast<uint16_t>(pages_.size()));
    if (added) pages_.push_back(page);
    page_of_[i] = at->second;
  }
  std::copy_n(all.begin(), ascii_.size(), ascii_.begin());
}

}  // namespace llamba

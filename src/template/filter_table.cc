#include "template/tables.h"

namespace llamba::jinja {

FilterFunction FindFilter(std::string_view name) {
  for (const auto table : {StringFilters(), NumberFilters(), SequenceFilters(),
                           SelectFilters(), JsonFilters()}) {
    for (const FilterEntry& entry : table) {
      if (entry.name == name) return entry.function;
    }
  }
  return nullptr;
}

}  // namespace llamba::jinja

#include "apps/number_checks.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "base/parse_number.h"

namespace llamba {

namespace {

bool IsDigits(std::string_view word) {
  return !word.empty() &&
         word.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

CLI::Validator WholeNumber(int64_t least, int64_t most) {
  const bool bounded = most != std::numeric_limits<int64_t>::max();
  const std::string range = bounded ? fmt::format("from {} to {}", least, most)
                                    : fmt::format("from {} up", least);
  const auto check = [=](const std::string& word) -> std::string {
    const auto number = ParseNumber<int64_t>(word);
    if (number && *number >= least && *number <= most) return "";
    // The largest number of all is named to whoever goes past it alone.
    return fmt::format("expected a whole number {}, found '{}'",
                       !number && IsDigits(word)
                           ? fmt::format("from {} to {}", least, most)
                           : range,
                       word);
  };
  return CLI::Validator(check, "");
}

CLI::Validator SeedNumber() {
  const auto check = [](const std::string& word) -> std::string {
    if (ParseNumber<uint64_t>(word)) return "";
    return fmt::format("expected a whole number from 0 to {}, found '{}'",
                       std::numeric_limits<uint64_t>::max(), word);
  };
  return CLI::Validator(check, "");
}

CLI::Validator AboveZero() {
  const auto check = [](const std::string& word) -> std::string {
    const auto number = ParseNumber<double>(word);
    if (number && *number > 0 && std::isfinite(*number)) return "";
    return fmt::format("expected a number above 0, found '{}'", word);
  };
  return CLI::Validator(check, "");
}

}  // namespace llamba

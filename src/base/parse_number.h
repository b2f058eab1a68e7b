#ifndef LLAMBA_BASE_PARSE_NUMBER_H_
#define LLAMBA_BASE_PARSE_NUMBER_H_

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace llamba {

// The number that all of `text` is, as std::from_chars reads it (no blanks, no
// plus); empty where it is none or does not fit T.
template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace llamba

#endif  // LLAMBA_BASE_PARSE_NUMBER_H_

#ifndef LLAMBA_BASE_COUNTED_H_
#define LLAMBA_BASE_COUNTED_H_

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>

namespace llamba {

// "1 token", "2 tokens": of what has a plural in s.
template <std::integral T>
std::string Counted(T n, std::string_view thing) {
  return fmt::format("{} {}{}", n, thing, n == 1 ? "" : "s");
}

}  // namespace llamba

#endif  // LLAMBA_BASE_COUNTED_H_

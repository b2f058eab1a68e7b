#include "base/tensor_view.h"

#include <fmt/ranges.h>

namespace llamba {

int64_t CheckedNumElements(const Shape& shape) {
  constexpr int64_t kMax = int64_t{1} << 62;
  for (int64_t d : shape) {
    if (d == 0) return 0;
  }
  int64_t n = 1;
  for (int64_t d : shape) {
    if (d < 0 || n > kMax / d) return -1;
    n *= d;
  }
  return n;
}

std::string ShapeString(const Shape& shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

}  // namespace llamba

#include "base/error.h"

#include <cstdio>
#include <cstdlib>

namespace llamba {

void AssertionFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: assertion failed (a bug in llamba): %s\n", file,
               line, condition);
  std::abort();
}

}  // namespace llamba

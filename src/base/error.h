#ifndef LLAMBA_BASE_ERROR_H_
#define LLAMBA_BASE_ERROR_H_

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace llamba {

// What a user can cause: a bad file, flag, request. The message names the file,
// the tensor or field, what was expected and what was found. Programs print it
// and exit 1; the server answers 4xx.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

// Throws Error with the formatted message.
template <typename... Args>
[[noreturn]] void Fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::format(format, std::forward<Args>(args)...));
}

[[noreturn]] void AssertionFailed(const char* file, int line,
                                  const char* condition);

}  // namespace llamba

// For our own mistakes only; on in every build, so keep it out of inner loops.
#define LLAMBA_ASSERT(condition) \
  ((condition) ? (void)0         \
               : ::llamba::AssertionFailed(__FILE__, __LINE__, #condition))

#endif  // LLAMBA_BASE_ERROR_H_

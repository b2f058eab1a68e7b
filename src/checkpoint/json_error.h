#ifndef LLAMBA_CHECKPOINT_JSON_ERROR_H_
#define LLAMBA_CHECKPOINT_JSON_ERROR_H_

#include <exception>
#include <string>
#include <string_view>

namespace llamba {

// Throws Error for a file of `text` that is no JSON; `error` is nlohmann's, of
// which the place and the reason are told.
[[noreturn]] void FailNoJson(const std::string& path, std::string_view text,
                             const std::exception& error);

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_JSON_ERROR_H_

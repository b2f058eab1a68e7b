#ifndef LLAMBA_CHECKPOINT_JSON_ERROR_H_
#define LLAMBA_CHECKPOINT_JSON_ERROR_H_

#include <exception>
#include <string>
#include <string_view>

namespace llamba {

// What nlohmann's error says, without the name of its class: place and reason,
// printable.
std::string JsonReason(const std::exception& error);

// Throws Error for a file of `text` that is no JSON, as nlohmann's `error`
// says.
[[noreturn]] void FailNoJson(const std::string& path, std::string_view text,
                             const std::exception& error);

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_JSON_ERROR_H_

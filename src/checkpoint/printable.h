#ifndef LLAMBA_CHECKPOINT_PRINTABLE_H_
#define LLAMBA_CHECKPOINT_PRINTABLE_H_

#include <string>
#include <string_view>

namespace llamba {

// A name from an untrusted file as an error message may show it: bytes outside
// printable ASCII as \xNN, cut after 200 bytes.
std::string Printable(std::string_view text);

}  // namespace llamba

#endif  // LLAMBA_CHECKPOINT_PRINTABLE_H_

#ifndef LLAMBA_APPS_TYPED_PATH_H_
#define LLAMBA_APPS_TYPED_PATH_H_

#include <string>
#include <string_view>

namespace llamba {

// The path that stands behind a command at a prompt, as Tab completes it and a
// shell reads it: ~/ begins in $HOME, a backslash leaves the character behind
// it as it is, and quotes around the whole fall away. Spaces need none of it.
std::string TypedPath(std::string_view text);

}  // namespace llamba

#endif  // LLAMBA_APPS_TYPED_PATH_H_

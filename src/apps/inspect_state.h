#ifndef LLAMBA_APPS_INSPECT_STATE_H_
#define LLAMBA_APPS_INSPECT_STATE_H_

#include <string>

namespace llamba {

// Prints what a saved state says of itself. Throws Error for one that is cut
// short or altered.
void PrintSavedState(const std::string& path, bool json);

}  // namespace llamba

#endif  // LLAMBA_APPS_INSPECT_STATE_H_

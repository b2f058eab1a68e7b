#ifndef LLAMBA_APPS_DISTILL_INTERRUPTIBLE_H_
#define LLAMBA_APPS_DISTILL_INTERRUPTIBLE_H_

#include <spdlog/spdlog.h>

#include "apps/program.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace llamba::distill {

// Calls `work`, which polls InterruptGuard, and returns what it does. Where a
// signal stops it with an Error the program ends with code 130, as those of
// `llamba` do.
template <typename Work>
auto Interruptible(const Work& work) {
  const InterruptGuard guard;
  try {
    return work();
  } catch (const Error& error) {
    if (!InterruptGuard::Interrupted()) throw;
    spdlog::error("{}", error.what());
    throw Exit{kInterrupted};
  }
}

}  // namespace llamba::distill

#endif  // LLAMBA_APPS_DISTILL_INTERRUPTIBLE_H_

#ifndef LLAMBA_APPS_DISTILL_INTERRUPTIBLE_H_
#define LLAMBA_APPS_DISTILL_INTERRUPTIBLE_H_

#include <spdlog/spdlog.h>

#include "apps/program.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace llamba::distill {

// Calls `work`, which polls InterruptGuard. Where a signal stops it (an Error,
// or a return) the program ends with code 130, as those of `llamba` do.
template <typename Work>
void Interruptible(const Work& work) {
  const InterruptGuard guard;
  try {
    work();
  } catch (const Error& error) {
    if (!InterruptGuard::Interrupted()) throw;
    spdlog::error("{}", error.what());
  }
  if (InterruptGuard::Interrupted()) throw Exit{130};
}

}  // namespace llamba::distill

#endif  // LLAMBA_APPS_DISTILL_INTERRUPTIBLE_H_

#ifndef LLAMBA_BASE_INTERRUPT_H_
#define LLAMBA_BASE_INTERRUPT_H_

namespace llamba {

// While one of these lives, SIGINT and SIGTERM set a flag instead of ending the
// program; long work polls Interrupted() and stops cleanly. A signal that finds
// the flag set for half a second or more ends the program at once, and the line
// of its status (status_line.h); sooner it is the same wish (`timeout` sends
// two). One at a time a process.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  // Safe from any thread.
  static bool Interrupted();
  // Forgets a signal that has been dealt with (a chat's Ctrl-C ends one reply).
  static void Clear();
};

}  // namespace llamba

#endif  // LLAMBA_BASE_INTERRUPT_H_

#include "base/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace llamba {
namespace {

std::atomic<bool> interrupted{false};
struct sigaction old_int, old_term;

void OnSignal(int signal) {
  if (interrupted.exchange(true)) _exit(128 + signal);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = false;
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_int);
  sigaction(SIGTERM, &action, &old_term);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &old_int, nullptr);
  sigaction(SIGTERM, &old_term, nullptr);
}

bool InterruptGuard::Interrupted() { return interrupted; }
void InterruptGuard::Clear() { interrupted = false; }

}  // namespace llamba

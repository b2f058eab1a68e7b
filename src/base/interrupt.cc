#include "base/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>

#include "base/status_line.h"

namespace llamba {
namespace {

constexpr int64_t kOneWishNs = 500'000'000;

// When the flag was set; 0 while it is not.
std::atomic<int64_t> interrupted_ns{0};
struct sigaction old_int, old_term;

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);  // a handler may call it
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void OnSignal(int signal) {
  const int64_t now = NowNs();
  int64_t before = 0;  // becomes what was found in its place
  const bool first = interrupted_ns.compare_exchange_strong(before, now);
  if (first || now - before < kOneWishNs) return;
  KeepStatusAtSignal();
  _exit(128 + signal);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  Clear();
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

bool InterruptGuard::Interrupted() { return interrupted_ns != 0; }
void InterruptGuard::Clear() { interrupted_ns = 0; }

}  // namespace llamba

#include "base/interrupt.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/status_line.h"

namespace llamba {
namespace {

TEST(InterruptGuard, TwoSignalsAtOnceAreOne) {
  const InterruptGuard guard;
  raise(SIGTERM);
  raise(SIGTERM);
  EXPECT_TRUE(InterruptGuard::Interrupted());
  InterruptGuard::Clear();
  EXPECT_FALSE(InterruptGuard::Interrupted());
}

TEST(InterruptGuardDeathTest, ALaterSignalEndsTheProgramAndItsStatusLine) {
  EXPECT_EXIT(
      {
        const InterruptGuard guard;
        ShowStatus("half");
        raise(SIGINT);
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        raise(SIGTERM);
        _exit(0);
      },
      testing::ExitedWithCode(128 + SIGTERM), "half\n$");
}

}  // namespace
}  // namespace llamba

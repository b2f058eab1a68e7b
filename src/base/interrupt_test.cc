#include "base/interrupt.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

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

TEST(InterruptGuardDeathTest, ALaterSignalEndsTheProgram) {
  EXPECT_EXIT(
      {
        const InterruptGuard guard;
        raise(SIGINT);
        std::this_thread::sleep_for(std::chrono::milliseconds(600));
        raise(SIGTERM);
        _exit(0);
      },
      testing::ExitedWithCode(128 + SIGTERM), "");
}

}  // namespace
}  // namespace llamba

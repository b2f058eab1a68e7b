#include "distill/train/stop_notice.h"

#include <chrono>

#include "base/interrupt.h"
#include "base/log.h"

namespace llamba::distill {

StopNotice::StopNotice(std::string text)
    : text_(std::move(text)), watcher_([this] { Watch(); }) {}

StopNotice::~StopNotice() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_one();
  watcher_.join();
}

void StopNotice::Watch() {
  constexpr auto kPeriod = std::chrono::milliseconds(100);
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPeriod, [this] { return done_; })) {
    if (!InterruptGuard::Interrupted()) continue;
    spdlog::info("{}", text_);
    return;
  }
}

}  // namespace llamba::distill

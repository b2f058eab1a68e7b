#ifndef LLAMBA_DISTILL_TRAIN_STOP_NOTICE_H_
#define LLAMBA_DISTILL_TRAIN_STOP_NOTICE_H_

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace llamba::distill {

// While it lives, logs `text` once, at most a tenth of a second after
// InterruptGuard has caught a signal: long before the work that is in hand, a
// large update, looks for one.
class StopNotice {
 public:
  explicit StopNotice(std::string text);
  ~StopNotice();
  StopNotice(const StopNotice&) = delete;
  StopNotice& operator=(const StopNotice&) = delete;

 private:
  void Watch();

  const std::string text_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread watcher_;
};

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TRAIN_STOP_NOTICE_H_

#include "base/status_line.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <mutex>

namespace llamba {
namespace {

constexpr const char* kErase = "\r\x1b[K";

struct StatusLine {
  std::mutex mutex;
  std::string text;  // on the screen; empty: none
};

// Whether there is one, for whoever may not lock.
std::atomic<bool> shown{false};

StatusLine& TheStatusLine() {
  static StatusLine line;
  return line;
}

void Draw(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

// Ends the status, if there is one, by `how`.
void End(const char* how) {
  StatusLine& line = TheStatusLine();
  const std::lock_guard lock(line.mutex);
  if (!line.text.empty()) Draw(how);
  line.text.clear();
  shown = false;
}

}  // namespace

void ShowStatus(const std::string& text) {
  StatusLine& line = TheStatusLine();
  const std::lock_guard lock(line.mutex);
  std::fputs(kErase, stderr);
  Draw(text);
  line.text = text;
  shown = !text.empty();
}

void ClearStatus() { End(kErase); }
void KeepStatus() { End("\n"); }

void KeepStatusAtSignal() {
  if (!shown) return;
  // A terminal that takes no line break gets none.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, "\n", 1);
}

void PrintAboveStatus(const std::function<void()>& print) {
  StatusLine& line = TheStatusLine();
  const std::lock_guard lock(line.mutex);
  if (line.text.empty()) {
    print();
    return;
  }
  std::fputs(kErase, stderr);
  print();
  Draw(line.text);
}

}  // namespace llamba

#include "base/status_line.h"

#include <cstdio>
#include <mutex>

namespace llamba {
namespace {

constexpr const char* kErase = "\r\x1b[K";

struct StatusLine {
  std::mutex mutex;
  std::string text;  // on the screen; empty: none
};

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
}

}  // namespace

void ShowStatus(const std::string& text) {
  StatusLine& line = TheStatusLine();
  const std::lock_guard lock(line.mutex);
  std::fputs(kErase, stderr);
  Draw(text);
  line.text = text;
}

void ClearStatus() { End(kErase); }
void KeepStatus() { End("\n"); }

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

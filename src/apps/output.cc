#include "apps/output.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/counted.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/status_line.h"

namespace llamba {

void PrintText(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0) {
    Fail("cannot write to the standard output: {}", std::strerror(errno));
  }
}

void EndLineForNotes() {
  struct stat text {};
  struct stat notes {};
  const bool one_place =
      fstat(STDOUT_FILENO, &text) == 0 && fstat(STDERR_FILENO, &notes) == 0 &&
      text.st_dev == notes.st_dev && text.st_ino == notes.st_ino;
  if (one_place) fmt::print(stderr, "\n");
}

void PrintNote(std::string_view text) {
  const bool color = UseColor(STDERR_FILENO);
  PrintAboveStatus([&] {
    fmt::print(stderr, "{}{}{}\n", color ? "\x1b[2m" : "", text,
               color ? "\x1b[0m" : "");
  });
}

std::string DescribeResult(const GenerateResult& result) {
  const auto rate = [](double r) {
    return r > 0 ? fmt::format(" ({}/s)", RateString(r)) : std::string();
  };
  return fmt::format("{} read{}, {} written{}; stopped by: {}",
                     Counted(result.prompt_tokens, "token"),
                     rate(result.PrefillRate()), result.new_tokens,
                     rate(result.DecodeRate()), StopReasonName(result.reason));
}

void ShowPrefillProgress(int64_t done, int64_t total) {
  constexpr int64_t kShort = 2048;
  if (total < kShort || isatty(STDERR_FILENO) == 0) return;
  // The line goes away when the prompt has been read, or that is given up.
  if (done < total && !InterruptGuard::Interrupted()) {
    ShowStatus(ProgressLine(
        "reading the prompt:",
        static_cast<double>(done) / static_cast<double>(total),
        fmt::format("{} of {} tokens", done, total), TerminalColumns()));
  } else {
    ClearStatus();
  }
}

}  // namespace llamba

#include "base/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"

namespace llamba {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A terminal in the place of standard error.
class Screen {
 public:
  Screen()
      : screen_(posix_openpt(O_RDWR | O_NOCTTY)), before_(dup(STDERR_FILENO)) {
    EXPECT_EQ(grantpt(screen_), 0);
    EXPECT_EQ(unlockpt(screen_), 0);
    terminal_ = open(ptsname(screen_), O_RDWR | O_NOCTTY);
    EXPECT_GE(terminal_, 0);
    dup2(terminal_, STDERR_FILENO);
  }
  ~Screen() {
    dup2(before_, STDERR_FILENO);
    for (const int file : {screen_, terminal_, before_}) close(file);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // What was written to it since the last call.
  std::string Written() {
    char text[4000];
    const ssize_t n = read(screen_, text, sizeof text);
    return {text, static_cast<size_t>(std::max<ssize_t>(n, 0))};
  }

 private:
  int screen_, before_, terminal_;
};

// What is to be seen of it, the last line empty where the one before has ended.
std::vector<std::string> Lines(const std::string& written) {
  const std::string erase = "\r\x1b[K";
  std::vector<std::string> lines(1);
  for (size_t i = 0; i < written.size(); ++i) {
    if (written.compare(i, erase.size(), erase) == 0) {
      lines.back().clear();
      i += erase.size() - 1;
    } else if (written[i] == '\n') {
      lines.emplace_back();
    } else if (written[i] != '\r') {
      lines.back() += written[i];
    }
  }
  return lines;
}

void WaitUntilItDraws() {
  std::this_thread::sleep_for(std::chrono::milliseconds(110));
}

TEST(Progress, DrawsTheEndOnce) {
  Screen screen;
  Progress bar("work", "MB", 2);
  WaitUntilItDraws();
  bar.Update(2);
  bar.Finish();
  const std::string seen = screen.Written();
  EXPECT_THAT(Lines(seen), ElementsAre(HasSubstr("100 %"), ""));
  EXPECT_EQ(seen.find("100 %"), seen.rfind("100 %")) << seen;
}

TEST(Progress, GoesOnBelowWhatIsLogged) {
  setenv("NO_COLOR", "1", 1);
  InitLogging(spdlog::level::info);
  Screen screen;
  Progress bar("work", "MB", 4);
  WaitUntilItDraws();
  bar.Update(1);
  std::thread([] { spdlog::info("stopping"); }).join();
  EXPECT_THAT(Lines(screen.Written()),
              ElementsAre("info: stopping", HasSubstr("work [======  ")));
  WaitUntilItDraws();
  bar.Update(2);
  bar.Finish();
  spdlog::info("stopped");
  EXPECT_THAT(Lines(screen.Written()),
              ElementsAre(HasSubstr(" 50 %"), "info: stopped", ""));
}

TEST(Progress, ThatNeverDrewLeavesNoLine) {
  Screen screen;
  { Progress("work", "MB", 2).Update(1); }
  setenv("NO_COLOR", "1", 1);
  InitLogging(spdlog::level::info);
  spdlog::info("failed");
  EXPECT_THAT(Lines(screen.Written()), ElementsAre("info: failed", ""));
}

TEST(ProgressLine, FitsIntoTheTerminal) {
  const std::string figures = "50 %  9.5 MB/s  3.1 s left";
  EXPECT_EQ(ProgressLine("writing", 0.5, figures, 100),
            "writing [============            ] " + figures);
  EXPECT_EQ(ProgressLine("writing", 0.5, figures, 50),
            "writing [======      ] " + figures);
  EXPECT_EQ(ProgressLine("writing", 0.5, figures, 40), "writing " + figures);
  EXPECT_EQ(ProgressLine("writing", 0.5, figures, 20), "writing 50 %  9.5 M");
  EXPECT_EQ(ProgressLine("\u00fcber", 1, "\u00fc", 4), "\u00fcbe");
  for (size_t columns = 0; columns < 90; ++columns) {
    EXPECT_LE(ProgressLine("writing", 0.9, figures, columns).size() + 1,
              std::max(columns, size_t{2}));
  }
}

TEST(Text, DurationsAndBytes) {
  EXPECT_EQ(DurationString(1.54), "1.5 s");
  EXPECT_EQ(DurationString(200), "3 min 20 s");
  EXPECT_EQ(DurationString(7500), "2 h 05 min");
  EXPECT_EQ(RateString(0.51234), "0.5123");
  EXPECT_EQ(RateString(999.94), "999.9");
  EXPECT_EQ(RateString(14260.4), "14260");
  EXPECT_EQ(BytesString(512), "512 B");
  EXPECT_EQ(BytesString(2800000000), "2.8 GB");
  EXPECT_EQ(BytesString(999600), "1 MB");
}

}  // namespace
}  // namespace llamba

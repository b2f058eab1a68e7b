#ifndef LLAMBA_BASE_PROGRESS_H_
#define LLAMBA_BASE_PROGRESS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace llamba {

// Progress of long work on standard error: on a terminal the status line
// (status_line.h), redrawn a few times a second (bar, share, rate, time left),
// as long as the terminal is wide at most; in a pipe a plain line every ten
// seconds and one at the end. Used by one thread.
class Progress {
 public:
  // `unit` follows the rate ("tokens", "MB"); `total` in that unit, of which
  // `done` was done before: it counts for the share, not for the rate.
  Progress(std::string label, std::string unit, double total, double done = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` so far, in the unit; `note` (may be empty) is appended.
  void Update(double done, const std::string& note = "");
  // Draws the last state, unless it was drawn, and ends the line.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;
  void Draw(Clock::time_point now);

  std::string label_, unit_, note_;
  double total_, before_, done_;
  bool terminal_, finished_ = false;
  bool drawn_ = false;  // the last state is to be seen
  Clock::time_point start_, last_draw_;
};

// The line of a terminal with so many `columns`, one of which stays empty: it
// loses the bar, then its end, where it is too long. `share` is from 0 to 1.
std::string ProgressLine(const std::string& label, double share,
                         const std::string& figures, size_t columns);

// Of the terminal that standard error is; 80 where that does not say.
size_t TerminalColumns();

// "1.5 s", "3 min 20 s", "2 h 05 min".
std::string DurationString(double seconds);
// Four digits, all of the whole ones: "0.5123", "31.15", "14260".
std::string RateString(double rate);
// "512 B", "1.4 MB", "2.80 GB" (powers of ten).
std::string BytesString(uint64_t bytes);

}  // namespace llamba

#endif  // LLAMBA_BASE_PROGRESS_H_

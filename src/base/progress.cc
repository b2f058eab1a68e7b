#include "base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/status_line.h"

namespace llamba {
namespace {

constexpr size_t kBarWidth = 24;
constexpr size_t kLeastBarWidth = 8;
constexpr size_t kRoundTheBar = 4;  // two brackets, two spaces
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kPlainLine = std::chrono::seconds(10);

double Seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

bool StartsCharacter(char c) {
  return (static_cast<uint8_t>(c) & 0xC0) != 0x80;
}

// A column a character, as labels and figures have them.
size_t Columns(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), StartsCharacter));
}

// The first `columns` characters.
std::string CutTo(const std::string& text, size_t columns) {
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    if (StartsCharacter(text[end]) && seen++ == columns) break;
  }
  return text.substr(0, end);
}

}  // namespace

Progress::Progress(std::string label, std::string unit, double total,
                   double done)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      before_(done),
      done_(done),
      terminal_(isatty(STDERR_FILENO) != 0),
      start_(Clock::now()),
      last_draw_(start_) {}

Progress::~Progress() {
  if (!finished_ && terminal_) KeepStatus();
}

void Progress::Update(double done, const std::string& note) {
  done_ = done;
  note_ = note;
  drawn_ = false;
  const auto now = Clock::now();
  if (now - last_draw_ <
      (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kPlainLine))) {
    return;
  }
  Draw(now);
}

void Progress::Finish() {
  if (finished_) return;
  if (!drawn_) Draw(Clock::now());
  if (terminal_) KeepStatus();
  finished_ = true;
}

void Progress::Draw(Clock::time_point now) {
  last_draw_ = now;
  drawn_ = true;
  const double elapsed = Seconds(now - start_);
  const double share = total_ > 0 ? std::clamp(done_ / total_, 0.0, 1.0) : 1.0;
  const double rate = elapsed > 0 ? (done_ - before_) / elapsed : 0;
  const std::string left =
      rate > 0 && share < 1 ? DurationString((total_ - done_) / rate) + " left"
                            : DurationString(elapsed);
  const std::string figures =
      fmt::format("{:3.0f} %  {} {}/s  {}{}{}", 100 * share, RateString(rate),
                  unit_, left, note_.empty() ? "" : "  ", note_);
  if (terminal_) {
    ShowStatus(ProgressLine(label_, share, figures, TerminalColumns()));
  } else {
    fmt::print(stderr, "{}: {}\n", label_, figures);
    std::fflush(stderr);
  }
}

std::string ProgressLine(const std::string& label, double share,
                         const std::string& figures, size_t columns) {
  const size_t width = std::max(columns, size_t{2}) - 1;
  const size_t others = Columns(label) + Columns(figures) + kRoundTheBar;
  if (others + kLeastBarWidth > width) {
    return CutTo(label + " " + figures, width);
  }
  const size_t bar = std::min(kBarWidth, width - others);
  const auto filled = static_cast<size_t>(share * static_cast<double>(bar));
  return fmt::format("{} [{:=<{}}{: <{}}] {}", label, "", filled, "",
                     bar - filled, figures);
}

size_t TerminalColumns() {
  constexpr size_t kUsual = 80;
  winsize size{};
  const bool known =
      ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kUsual;
}

std::string DurationString(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600)
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string RateString(double rate) {
  constexpr double kWhole = 1000;
  return rate < kWhole ? fmt::format("{:.4g}", rate)
                       : fmt::format("{:.0f}", rate);
}

std::string BytesString(uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits{"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (value /= 1000; value >= 999.5 && unit + 1 < kUnits.size(); ++unit) {
    value /= 1000;
  }
  return fmt::format("{:.3g} {}", value, kUnits[unit]);
}

}  // namespace llamba

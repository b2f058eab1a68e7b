#include "eval/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace llamba::html {
namespace {

constexpr double kLabelWidth = 130, kBarWidth = 420, kRow = 34;
constexpr double kValueWidth = 90;

double X(double share) {
  return kLabelWidth + kBarWidth * std::clamp(share, 0.0, 1.0);
}

std::string Rect(double y, double height, double share,
                 const std::string& style) {
  return fmt::format(
      "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
      "height=\"{:.1f}\" rx=\"2\"/>",
      style, kLabelWidth, y, X(share) - kLabelWidth, height);
}

std::string Line(double x1, double y1, double x2, double y2,
                 const std::string& style) {
  return fmt::format(
      "<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" "
      "y2=\"{:.1f}\"/>",
      style, x1, y1, x2, y2);
}

std::string Text(double x, double y, const std::string& anchor,
                 const std::string& text) {
  return fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y,
      anchor, Escape(text));
}

std::string Whisker(double y, double value, std::optional<double> error) {
  if (!error || *error <= 0) return "";
  return Line(X(value - *error), y, X(value + *error), y, "whisker");
}

constexpr double kLeft = 20, kTop = 28, kWidth = 300, kHeight = 150;
constexpr double kLabels = 110;

// Where the points of a chart lie.
class LengthScale {
 public:
  explicit LengthScale(const LineChart& chart) : log_(chart.log_lengths) {
    double shortest = std::numeric_limits<double>::infinity();
    for (const Series& one : chart.series) {
      for (const auto& [x, y] : one.points) {
        shortest = std::min(shortest, x);
        last_ = std::max(last_, x);
        most_ = std::max(most_, y);
      }
    }
    most_ = std::max({most_, chart.chance.value_or(0), chart.most.value_or(0)});
    if (most_ <= 0) most_ = 1;
    log_ = log_ && shortest > 0 && shortest < last_;
    if (log_) first_ = shortest;
  }

  double first() const { return first_; }
  double last() const { return last_; }
  double X(double tokens) const {
    const double share =
        log_ ? std::log(tokens / first_) / std::log(last_ / first_)
             : tokens / last_;
    return kLeft + kWidth * share;
  }
  double Y(double value) const { return kTop + kHeight * (1 - value / most_); }

 private:
  bool log_;
  double first_ = 0, last_ = 1, most_ = 0;
};

// A line with its points and the last value, which keeps clear of the labels
// that begin at `taken`.
std::string Curve(const Series& series, const LengthScale& scale,
                  std::string (*format)(double),
                  std::vector<std::pair<double, double>>* taken) {
  constexpr double kLine = 14, kLabel = 60;
  if (series.points.empty()) return "";
  std::string path, out;
  for (const auto& [tokens, value] : series.points) {
    const double x = scale.X(tokens), y = scale.Y(value);
    path += fmt::format("{:.1f},{:.1f} ", x, y);
    out += fmt::format(
        "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>",
        series.style, x, y);
  }
  out += fmt::format("<polyline class=\"{} line\" points=\"{}\"/>",
                     series.style, path);
  const auto& [tokens, value] = series.points.back();
  const double x = scale.X(tokens) + 8;
  double y = scale.Y(value) + 4;
  for (const auto& [other_x, other_y] : *taken) {
    const bool meet =
        std::abs(x - other_x) < kLabel && std::abs(y - other_y) < kLine;
    if (meet) y = other_y - kLine;
  }
  taken->emplace_back(x, y);
  return out + Text(x, y, "start", format(value));
}

std::string RowOf(const Bar& bar, double y) {
  std::string out = Text(kLabelWidth - 8, y + 17, "end", bar.label);
  out += Rect(y + 4, 14, bar.value, "model");
  out += Whisker(y + 11, bar.value, bar.error);
  std::string value = fmt::format("{:.3f}", bar.value);
  if (bar.baseline) {
    out += Rect(y + 20, 6, *bar.baseline, "baseline");
    out += Whisker(y + 23, *bar.baseline, bar.baseline_error);
    value += fmt::format(" / {:.3f}", *bar.baseline);
  }
  if (bar.chance) {
    out += Line(X(*bar.chance), y + 2, X(*bar.chance), y + 28, "chance");
  }
  return out + Text(kLabelWidth + kBarWidth + 8, y + 17, "start", value);
}

}  // namespace

std::string Escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Bars(const std::vector<Bar>& bars) {
  const double height = kRow * static_cast<double>(bars.size());
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
      "aria-label=\"scores\">",
      kLabelWidth + kBarWidth + kValueWidth + 20, height + 20);
  for (int i = 0; i <= 4; ++i) {
    const double share = i / 4.0;
    out += Line(X(share), 0, X(share), height, "grid");
    out += Text(X(share), height + 15, "middle", fmt::format("{:.2g}", share));
  }
  double y = 0;
  for (const Bar& bar : bars) {
    out += RowOf(bar, y);
    y += kRow;
  }
  return out + "</svg>";
}

std::string Lines(const LineChart& chart) {
  const LengthScale scale(chart);
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">",
      kLeft + kWidth + kLabels, kTop + kHeight + 26, Escape(chart.title));
  out += Text(kLeft, 14, "start", chart.title);
  out += Line(kLeft, kTop + kHeight, kLeft + kWidth, kTop + kHeight, "grid");
  out += Text(kLeft, kTop + kHeight + 16, "start",
              fmt::format("{:.0f}", scale.first()));
  out += Text(kLeft + kWidth, kTop + kHeight + 16, "end",
              fmt::format("{:.0f} tokens", scale.last()));
  if (chart.chance) {
    const double y = scale.Y(*chart.chance);
    out += Line(kLeft, y, kLeft + kWidth, y, "chance");
  }
  std::vector<std::pair<double, double>> taken;
  for (const Series& one : chart.series) {
    out += Curve(one, scale, chart.format, &taken);
  }
  return out + "</svg>";
}

}  // namespace llamba::html

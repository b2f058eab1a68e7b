#include "eval/report/html.h"

#include <fmt/format.h>

#include <algorithm>

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

std::string Lines(const std::string& title, const std::vector<Series>& series,
                  std::string (*format)(double)) {
  constexpr double kLeft = 20, kTop = 28, kWidth = 300, kHeight = 150;
  double x_most = 1, y_most = 0;
  for (const Series& one : series) {
    for (const auto& [x, y] : one.points) {
      x_most = std::max(x_most, x);
      y_most = std::max(y_most, y);
    }
  }
  if (y_most <= 0) y_most = 1;
  const auto place = [&](const std::pair<double, double>& point) {
    return std::pair(kLeft + kWidth * point.first / x_most,
                     kTop + kHeight * (1 - point.second / y_most));
  };
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">",
      kLeft + kWidth + 110, kTop + kHeight + 26, Escape(title));
  out += Text(kLeft, 14, "start", title);
  out += Line(kLeft, kTop + kHeight, kLeft + kWidth, kTop + kHeight, "grid");
  out += Text(kLeft, kTop + kHeight + 16, "start", "0");
  out += Text(kLeft + kWidth, kTop + kHeight + 16, "end",
              fmt::format("{:.0f} tokens", x_most));
  for (const Series& one : series) {
    if (one.points.empty()) continue;
    std::string path;
    for (const auto& point : one.points) {
      const auto [x, y] = place(point);
      path += fmt::format("{:.1f},{:.1f} ", x, y);
      out += fmt::format(
          "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>",
          one.style, x, y);
    }
    out += fmt::format("<polyline class=\"{} line\" points=\"{}\"/>", one.style,
                       path);
    const auto [x, y] = place(one.points.back());
    out += Text(x + 8, y + 4, "start", format(one.points.back().second));
  }
  return out + "</svg>";
}

}  // namespace llamba::html

#ifndef LLAMBA_EVAL_REPORT_HTML_H_
#define LLAMBA_EVAL_REPORT_HTML_H_

#include <optional>
#include <string>
#include <vector>

// Pieces of a self-contained page: inline SVG that takes its colours from the
// page's style sheet (classes `model`, `baseline`, `chance`, `grid`).

namespace llamba::html {

// Text for an element or an attribute.
std::string Escape(const std::string& text);

// A row of a bar chart.
struct Bar {
  std::string label;
  double value = 0;  // 0 to 1, like the rest
  std::optional<double> error, baseline, baseline_error, chance;
};
// Horizontal bars on a scale from 0 to 1, the baseline's thin bar below each,
// errors as whiskers, chance as a tick.
std::string Bars(const std::vector<Bar>& bars);

struct Series {
  std::string label;
  std::string style;                              // a class
  std::vector<std::pair<double, double>> points;  // tokens, value
};
struct LineChart {
  std::string title;
  std::vector<Series> series;
  std::string (*format)(double);  // of values
  // Lengths by powers of two from the shortest on; else linear from 0 on.
  bool log_lengths = false;
  std::optional<double> chance;
  std::optional<double> most;  // where the values' scale ends
};
// Lines over a context length, values from 0 on; the last value of each is
// written at its end.
std::string Lines(const LineChart& chart);

}  // namespace llamba::html

#endif  // LLAMBA_EVAL_REPORT_HTML_H_

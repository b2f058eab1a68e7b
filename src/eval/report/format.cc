#include "eval/report/format.h"

#include <fmt/format.h>

#include <cmath>

#include "base/progress.h"

namespace llamba {

std::string Number(double value) {
  if (!std::isfinite(value)) return "–";
  if (std::abs(value) >= 1e6) return fmt::format("{:.3e}", value);
  return std::abs(value) < 10 ? fmt::format("{:.4f}", value)
                              : fmt::format("{:.2f}", value);
}

std::string WithError(const Figure& figure) {
  if (!figure.error || !std::isfinite(*figure.error)) {
    return Number(figure.value);
  }
  return Number(figure.value) + " ± " + Number(*figure.error);
}

std::string Count(int64_t number) {
  auto value = static_cast<double>(number);
  const char* unit = "";
  for (const char* larger : {" k", " M", " G"}) {
    if (value < 1000) break;
    value /= 1000;
    unit = larger;
  }
  return fmt::format("{:.3g}{}", value, unit);
}

std::string Percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string Memory(const TaskResult* result) {
  if (result == nullptr || result->context_tokens == 0) return "";
  return BytesString(static_cast<uint64_t>(result->state_bytes));
}

double OverPrefill(const ModelReport& model) {
  const double at_prefill = static_cast<double>(model.usage.tokens_run) *
                            model.prefill_seconds_a_token;
  return at_prefill > 0 ? model.usage.seconds / at_prefill : 0;
}

}  // namespace llamba

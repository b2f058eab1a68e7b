#include "sampling/options.h"

#include <cmath>
#include <limits>

#include "base/error.h"

namespace llamba {
namespace {

void CheckRange(const char* name, double value, double low, double high) {
  // Written so that NaN fails too.
  if (!(value >= low && value <= high)) {
    if (std::isinf(high)) {
      Fail("{}: expected at least {}, found {}", name, low, value);
    }
    Fail("{}: expected {} to {}, found {}", name, low, high, value);
  }
}

void CheckToken(const char* name, int64_t id, int64_t n_valid) {
  if (id < 0 || id >= n_valid) {
    Fail("{}: token {} does not exist (expected 0 to {})", name, id,
         n_valid - 1);
  }
}

}  // namespace

void ValidateSamplerOptions(const SamplerOptions& options, int64_t n_valid) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kLargest = 1e6;
  constexpr double kWindow = 1 << 24;
  CheckRange("temperature", options.temperature, 0, kLargest);
  CheckRange("top-k", static_cast<double>(options.top_k), 0, kInfinity);
  CheckRange("top-p", options.top_p, 0, 1);
  CheckRange("min-p", options.min_p, 0, 1);
  CheckRange("typical-p", options.typical_p, 0, 1);
  CheckRange("penalty window", static_cast<double>(options.penalty_window), 0,
             kWindow);
  CheckRange("repetition penalty", options.repetition_penalty, 1e-6, kLargest);
  CheckRange("presence penalty", options.presence_penalty, -kLargest, kLargest);
  CheckRange("frequency penalty", options.frequency_penalty, -kLargest,
             kLargest);
  CheckRange("DRY multiplier", options.dry_multiplier, 0, kLargest);
  CheckRange("DRY base", options.dry_base, 1, kLargest);
  CheckRange("DRY allowed length",
             static_cast<double>(options.dry_allowed_length), 1, kWindow);
  CheckRange("DRY window", static_cast<double>(options.dry_window), 0, kWindow);
  for (const auto& [id, bias] : options.logit_bias) {
    CheckToken("logit bias", id, n_valid);
    if (std::isnan(bias) || bias == std::numeric_limits<float>::infinity()) {
      Fail("logit bias of token {}: expected a number or -inf, found {}", id,
           bias);
    }
  }
  for (int32_t id : options.dry_breakers) {
    CheckToken("DRY sequence breakers", id, n_valid);
  }
}

}  // namespace llamba

#include "apps/distill/weighted_path.h"

#include <cmath>

#include "base/error.h"
#include "base/parse_number.h"

namespace llamba::distill {

WeightedPath ParseWeightedPath(const std::string& text,
                               const std::string& name) {
  const size_t equals = text.rfind('=');
  WeightedPath result{text.substr(0, equals)};
  if (result.path.empty()) Fail("{}: expected a path, found none", name);
  if (equals == std::string::npos) return result;
  const std::string word = text.substr(equals + 1);
  const auto weight = ParseNumber<double>(word);
  if (!weight || !(*weight > 0) || !std::isfinite(*weight)) {
    Fail("{}: expected a weight above 0 behind =, found \"{}\"", name, word);
  }
  result.weight = *weight;
  return result;
}

}  // namespace llamba::distill

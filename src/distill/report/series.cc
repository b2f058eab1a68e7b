#include "distill/report/series.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace llamba::distill {
namespace {

using Json = nlohmann::ordered_json;
using Value = std::function<double(const StepMetrics&)>;

// Means of a value over each bucket, to four digits.
Json Means(const std::vector<StepMetrics>& updates, size_t n_points,
           const Value& value) {
  Json out = Json::array();
  for (size_t i = 0; i < n_points; ++i) {
    const size_t begin = i * updates.size() / n_points;
    const size_t end = (i + 1) * updates.size() / n_points;
    double sum = 0;
    for (size_t k = begin; k < end; ++k) sum += value(updates[k]);
    const double mean = sum / static_cast<double>(end - begin);
    if (!std::isfinite(mean) || mean == 0) {
      out.push_back(std::isfinite(mean) ? Json(0) : Json());
      continue;
    }
    const double unit =
        std::pow(10, std::floor(std::log10(std::abs(mean))) - 4);
    out.push_back(unit < 1 ? std::round(mean / unit) / std::round(1 / unit)
                           : std::round(mean / unit) * unit);
  }
  return out;
}

bool All(const std::vector<StepMetrics>& updates,
         const std::function<bool(const StepMetrics&)>& has) {
  return std::all_of(updates.begin(), updates.end(), has);
}

void AddLayers(Json& stage, const std::vector<StepMetrics>& updates,
               size_t n_points) {
  const size_t n_layers = updates[0].per_layer.size();
  if (n_layers == 0 || !All(updates, [&](const StepMetrics& m) {
        return m.per_layer.size() == n_layers;
      })) {
    return;
  }
  for (size_t layer = 0; layer < n_layers; ++layer) {
    // A layer that stays attention has no loss.
    if (updates[0].per_layer[layer] == 0) continue;
    stage["layer_numbers"].push_back(layer);
    stage["layers"].push_back(
        Means(updates, n_points,
              [layer](const StepMetrics& m) { return m.per_layer[layer]; }));
  }
}

}  // namespace

Json StageSeries(const std::vector<StepMetrics>& updates, int64_t begin,
                 int64_t n_points) {
  const size_t n = std::min(updates.size(), static_cast<size_t>(n_points));
  Json out{{"stage", updates[0].stage}, {"begin", begin}};
  for (size_t i = 0; i < n; ++i) {
    out["x"].push_back(updates[(i + 1) * updates.size() / n - 1].tokens);
  }
  const auto add = [&](const char* name, const Value& value) {
    out[name] = Means(updates, n, value);
  };
  add("loss", [](const auto& m) { return m.loss; });
  add("rate", [](const auto& m) { return m.learning_rate; });
  add("norm", [](const auto& m) { return m.gradient_norm; });
  add("speed", [](const auto& m) { return m.tokens_per_second; });
  // Runs of earlier versions have no share.
  if (All(updates, [](const auto& m) { return m.peak_share > 0; })) {
    add("peak", [](const auto& m) { return 100 * m.peak_share; });
  }
  if (All(updates, [](const auto& m) { return m.kl.has_value(); })) {
    add("kl", [](const auto& m) { return *m.kl; });
  }
  AddLayers(out, updates, n);
  return out;
}

}  // namespace llamba::distill

#include "quantize/row_quantizer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/formats.h"
#include "quantize/block_type.h"

namespace llamba {
namespace {

void CheckFinite(std::span<const float> values, DType dtype) {
  for (const float value : values) {
    if (!std::isfinite(value)) {
      Fail("value {} cannot be encoded as {}", value, DTypeName(dtype));
    }
  }
}

// Weights of a group for the fit.
void GroupWeights(std::span<const float> x, std::span<const float> importance,
                  float* w) {
  const bool alike =
      importance.empty() || std::all_of(importance.begin(), importance.end(),
                                        [](float value) { return value == 0; });
  for (size_t j = 0; j < x.size(); ++j) {
    w[j] = alike ? 1 : importance[j];
  }
}

}  // namespace

void QuantizeRow(DType dtype, std::span<const float> values,
                 std::span<const float> importance, std::byte* out) {
  const BlockType* type = BlockType::Find(dtype);
  if (type == nullptr) {
    EncodeRow(dtype, values, out);
    return;
  }
  CheckFinite(values, dtype);
  const auto group = static_cast<size_t>(type->group());
  const auto block_bytes = static_cast<size_t>(GetBlockSize(dtype).bytes);
  for (size_t i = 0; i < values.size(); i += group, out += block_bytes) {
    const auto x = values.subspan(i, group);
    float w[kSuperValues];
    GroupWeights(
        x, importance.empty() ? importance : importance.subspan(i, group), w);
    GroupFit fit;
    type->Fit(x.data(), w, &fit);
    uint8_t codes[kSuperValues];
    for (size_t j = 0; j < group; ++j) {
      codes[j] = type->CodeOf(fit, static_cast<int>(j) / kBlockValues, x[j]);
    }
    type->Pack(fit, codes, out);
  }
}

}  // namespace llamba

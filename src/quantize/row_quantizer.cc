#include "quantize/row_quantizer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "formats/formats.h"
#include "quantize/block_type.h"

namespace llamba {
namespace {

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

void CheckEncodable(std::span<const float> values, DType dtype) {
  // The largest half times the largest level of Q8_0 and IQ4_NL.
  constexpr float kLargest = 65504.0f * 127;
  for (const float value : values) {
    if (!(std::fabs(value) <= kLargest)) {
      Fail("value {} cannot be encoded as {}", value, DTypeName(dtype));
    }
  }
}

void QuantizeRow(DType dtype, std::span<const float> values,
                 std::span<const float> importance, std::byte* out) {
  const BlockType* type = BlockType::Find(dtype);
  if (type == nullptr) {
    EncodeRow(dtype, values, out);
    return;
  }
  CheckEncodable(values, dtype);
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

#include "base/error.h"
#include "formats/formats.h"

namespace llamba {

void DecodeMlxRow(std::span<const uint32_t> words, int bits, int64_t group,
                  std::span<const float> scales, std::span<const float> biases,
                  std::span<float> out) {
  LLAMBA_ASSERT(bits == 2 || bits == 4 || bits == 8);
  const auto per_word = static_cast<size_t>(32 / bits);
  LLAMBA_ASSERT(group > 0 && words.size() * per_word == out.size());
  LLAMBA_ASSERT(scales.size() * static_cast<size_t>(group) == out.size());
  LLAMBA_ASSERT(biases.size() == scales.size());
  const uint32_t mask = (1u << bits) - 1;
  for (size_t j = 0; j < out.size(); ++j) {
    const auto shift = static_cast<unsigned>(j % per_word) * bits;
    const uint32_t q = words[j / per_word] >> shift & mask;
    const size_t g = j / static_cast<size_t>(group);
    out[j] = static_cast<float>(q) * scales[g] + biases[g];
  }
}

}  // namespace llamba

#ifndef LLAMBA_SAMPLING_PENALTIES_H_
#define LLAMBA_SAMPLING_PENALTIES_H_

#include <cstdint>
#include <span>

#include "sampling/options.h"

namespace llamba {

// The steps that lower logits for what `history` (oldest first) holds. Each
// looks at the window that its options set; ids lie within `logits`.
void ApplyPenalties(const SamplerOptions& options,
                    std::span<const int32_t> history, std::span<float> logits);
void ApplyDry(const SamplerOptions& options, std::span<const int32_t> history,
              std::span<float> logits);

}  // namespace llamba

#endif  // LLAMBA_SAMPLING_PENALTIES_H_

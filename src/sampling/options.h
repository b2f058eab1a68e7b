#ifndef LLAMBA_SAMPLING_OPTIONS_H_
#define LLAMBA_SAMPLING_OPTIONS_H_

#include <cstdint>
#include <utility>
#include <vector>

namespace llamba {

// How the next token is chosen. The steps run in the order of the fields: bias,
// penalties, DRY, then top-k, typical, top-p, min-p, and the temperature last,
// so that the truncations see the model's own probabilities (llama.cpp's
// order).
struct SamplerOptions {
  // Added to the logits of single tokens; -infinity forbids one.
  std::vector<std::pair<int32_t, float>> logit_bias;

  // Over the last `penalty_window` tokens, the prompt's included: a token seen
  // there has its logit divided (where negative multiplied) by
  // repetition_penalty, less presence_penalty, less frequency_penalty each time
  // it was seen.
  int64_t penalty_window = 64;
  float repetition_penalty = 1;  // 1: off
  float presence_penalty = 0;    // 0: off
  float frequency_penalty = 0;   // 0: off

  // DRY ("don't repeat yourself", p-e-w 2024): a token that would lengthen a
  // repetition of n >= dry_allowed_length tokens loses
  // dry_multiplier * dry_base^(n - dry_allowed_length).
  float dry_multiplier = 0;  // 0: off
  float dry_base = 1.75F;
  int64_t dry_allowed_length = 2;
  int64_t dry_window = 4096;          // tokens looked back
  std::vector<int32_t> dry_breakers;  // tokens that no repetition runs across

  int64_t top_k = 40;        // keep the k most probable; 0: off
  float typical_p = 1;       // locally typical sampling (Meister 2022); 1: off
  float top_p = 0.95F;       // keep the fewest whose probability is p; 1: off
  float min_p = 0.05F;       // keep p >= min_p * the largest p; 0: off
  float temperature = 0.8F;  // 0: greedy, whatever the truncations say

  uint64_t seed = 0;
};

// Throws Error naming the first field out of its range. `n_valid`: how many
// token ids there are.
void ValidateSamplerOptions(const SamplerOptions& options, int64_t n_valid);

}  // namespace llamba

#endif  // LLAMBA_SAMPLING_OPTIONS_H_

#ifndef LLAMBA_QUANTIZE_FIT_H_
#define LLAMBA_QUANTIZE_FIT_H_

#include <span>

#include "formats/pack.h"
#include "quantize/levels.h"

// The scale, and the offset, that make the weighted square error of a block
// small: sum_j w_j (x_j - scale * level(code_j) - offset)^2 with the nearest
// codes. Candidate scales give codes, least squares over these codes gives the
// scale; the best candidate is then refined in the same way. Pure functions.
namespace llamba {

// 32 values, or their weights.
using Block = std::span<const float, kBlockValues>;

// Zero for a block of zeros (by weight). May be negative: a type whose levels
// reach further down than up then serves a block whose extreme is positive.
float FitScale(const UniformLevels& levels, Block x, Block w);
float FitScale(const Iq4NlLevels& levels, Block x, Block w);

struct AffineFit {
  float scale = 0, offset = 0;
};
// Codes from 0 to `top`, a scale of 0 or more; with `subtract_only` the offset
// is 0 or less.
AffineFit FitAffine(int top, bool subtract_only, Block x, Block w);

// sum_j w_j (x_j - scale * code_j - offset)^2 with the nearest codes of 0 to
// `top`.
float AffineError(int top, AffineFit fit, Block x, Block w);

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_FIT_H_

#ifndef LLAMBA_QUANTIZE_BLOCK_TYPE_H_
#define LLAMBA_QUANTIZE_BLOCK_TYPE_H_

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"
#include "formats/pack.h"

namespace llamba {

// The parameters of one group of values as they will be read back, rounding of
// the stored scales included: block b of 32 values holds scale[b] *
// level(code) + offset[b].
struct GroupFit {
  float scale[kSuperValues / kBlockValues] = {};
  float offset[kSuperValues / kBlockValues] = {};
  // What is stored: d (and m) of a simple type, or all of Q4_K's.
  uint16_t d = 0, m = 0;
  Q4KScales k;
};

// How one block type is searched and stored. Immutable singletons, safe from
// any thread.
class BlockType {
 public:
  virtual ~BlockType() = default;

  // Null where this room has no search for the type: use EncodeRow.
  static const BlockType* Find(DType dtype);

  // Values whose parameters are chosen together: 32 or 256.
  virtual int group() const = 0;
  // Chooses the parameters that make sum_j w_j (x_j - value_j)^2 small; x and
  // w have group() elements, w is nowhere negative. Throws Error for values
  // that are not finite and scales that no half can hold.
  virtual void Fit(const float* x, const float* w, GroupFit* fit) const = 0;
  // Chooses block b of 32 values anew, as far as its group's parameters allow,
  // for values that have changed since; x and w have 32 elements.
  virtual void Refit(const float* x, const float* w, int b,
                     GroupFit* fit) const = 0;
  // The code whose level is nearest to a value in units of the scale.
  virtual uint8_t Nearest(float value) const = 0;
  virtual float Level(uint8_t code) const = 0;
  // group() codes to the bytes of a block.
  virtual void Pack(const GroupFit& fit, const uint8_t* codes,
                    std::byte* out) const = 0;

  // The nearest code of x in block b, by the fit's scale and offset.
  uint8_t CodeOf(const GroupFit& fit, int b, float x) const {
    const float scale = fit.scale[b];
    return Nearest(scale == 0 ? 0 : (x - fit.offset[b]) / scale);
  }
  float ValueOf(const GroupFit& fit, int b, uint8_t code) const {
    return fit.scale[b] * Level(code) + fit.offset[b];
  }
};

// The half that is nearest to a scale; Error where that is not finite.
uint16_t ScaleHalf(float scale, DType dtype);

const BlockType& Q4KType();  // k_block_type.cc

}  // namespace llamba

#endif  // LLAMBA_QUANTIZE_BLOCK_TYPE_H_

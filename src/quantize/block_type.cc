#include "quantize/block_type.h"

#include <cmath>

#include "base/error.h"
#include "formats/formats.h"
#include "quantize/fit.h"

namespace llamba {
namespace {

// A type of 32 values with one scale.
template <typename Levels>
class ScaledType : public BlockType {
 public:
  ScaledType(DType dtype, Levels levels) : dtype_(dtype), levels_(levels) {}

  int group() const override { return kBlockValues; }
  void Fit(const float* x, const float* w, GroupFit* fit) const override {
    fit->d = ScaleHalf(
        FitScale(levels_, Block(x, kBlockValues), Block(w, kBlockValues)),
        dtype_);
    fit->scale[0] = HalfToFloat(fit->d);
    fit->offset[0] = 0;
  }
  void Refit(const float*, const float*, int, GroupFit*) const override {}
  uint8_t Nearest(float value) const override { return levels_.Nearest(value); }
  float Level(uint8_t code) const override { return levels_.Value(code); }
  void Pack(const GroupFit& fit, const uint8_t* codes,
            std::byte* out) const override {
    PackBlock(dtype_, fit.d, 0, codes, out);
  }

 private:
  DType dtype_;
  Levels levels_;
};

// A type of 32 values with a scale and an offset.
class AffineType : public BlockType {
 public:
  AffineType(DType dtype, int top) : dtype_(dtype), levels_{0, top} {}

  int group() const override { return kBlockValues; }
  void Fit(const float* x, const float* w, GroupFit* fit) const override {
    const AffineFit affine =
        FitAffine(levels_.high_level, false, Block(x, kBlockValues),
                  Block(w, kBlockValues));
    fit->d = ScaleHalf(affine.scale, dtype_);
    fit->m = ScaleHalf(affine.offset, dtype_);
    fit->scale[0] = HalfToFloat(fit->d);
    fit->offset[0] = HalfToFloat(fit->m);
  }
  void Refit(const float*, const float*, int, GroupFit*) const override {}
  uint8_t Nearest(float value) const override { return levels_.Nearest(value); }
  float Level(uint8_t code) const override { return levels_.Value(code); }
  void Pack(const GroupFit& fit, const uint8_t* codes,
            std::byte* out) const override {
    PackBlock(dtype_, fit.d, fit.m, codes, out);
  }

 private:
  DType dtype_;
  UniformLevels levels_;
};

}  // namespace

uint16_t ScaleHalf(float scale, DType dtype) {
  const uint16_t half = FloatToHalf(scale);
  if ((half & 0x7fff) >= 0x7c00) {
    Fail("scale {} is too large for {}", scale, DTypeName(dtype));
  }
  return half;
}

const BlockType* BlockType::Find(DType dtype) {
  static const ScaledType<UniformLevels> q4_0(DType::kQ4_0, {-8, 7});
  static const ScaledType<UniformLevels> q5_0(DType::kQ5_0, {-16, 15});
  static const ScaledType<UniformLevels> q8_0(DType::kQ8_0, {-127, 127});
  static const ScaledType<Iq4NlLevels> iq4_nl(DType::kIQ4_NL, {});
  static const AffineType q4_1(DType::kQ4_1, 15);
  static const AffineType q5_1(DType::kQ5_1, 31);
  switch (dtype) {
    case DType::kQ4_0:
      return &q4_0;
    case DType::kQ4_1:
      return &q4_1;
    case DType::kQ5_0:
      return &q5_0;
    case DType::kQ5_1:
      return &q5_1;
    case DType::kQ8_0:
      return &q8_0;
    case DType::kQ4_K:
      return &Q4KType();
    case DType::kIQ4_NL:
      return &iq4_nl;
    default:
      return nullptr;
  }
}

}  // namespace llamba

#include <algorithm>
#include <cmath>

#include "formats/formats.h"
#include "quantize/block_type.h"
#include "quantize/fit.h"

namespace llamba {
namespace {

constexpr int kGroups = 8;
constexpr int kTopScale = 63;
constexpr int kTopCode = 15;
constexpr int kRounds = 3;

AffineFit FitOf(const Q4KScales& s, int j) {
  return {HalfToFloat(s.d) * static_cast<float>(s.scales[j]),
          -HalfToFloat(s.dmin) * static_cast<float>(s.mins[j])};
}

uint8_t SixBits(float value, float unit) {
  if (unit == 0) return 0;
  return static_cast<uint8_t>(
      std::clamp(value / unit + 0.5f, 0.0f, static_cast<float>(kTopScale)));
}

void SetSixBits(AffineFit fit, int j, Q4KScales* scales) {
  scales->scales[j] = SixBits(fit.scale, HalfToFloat(scales->d));
  scales->mins[j] = SixBits(-fit.offset, HalfToFloat(scales->dmin));
}

// Moves a group's two small numbers to the best neighbours.
void MoveGroup(Block x, Block w, int j, Q4KScales* scales) {
  const int scale = scales->scales[j], min = scales->mins[j];
  float best = HUGE_VALF;
  Q4KScales trial = *scales;
  for (int s = std::max(0, scale - 1); s <= std::min(kTopScale, scale + 1);
       ++s) {
    for (int m = std::max(0, min - 1); m <= std::min(kTopScale, min + 1); ++m) {
      trial.scales[j] = static_cast<uint8_t>(s);
      trial.mins[j] = static_cast<uint8_t>(m);
      const float error = AffineError(kTopCode, FitOf(trial, j), x, w);
      if (error < best) {
        best = error;
        scales->scales[j] = trial.scales[j];
        scales->mins[j] = trial.mins[j];
      }
    }
  }
}

// One block of 256 values under way: eight scales and minima of 6 bits under
// two halves. Rounds of two steps: each group moves its two small numbers to
// the best neighbours, then least squares moves the two halves.
class Q4KSearch {
 public:
  Q4KSearch(const float* x, const float* w) : x_(x), w_(w) {}

  Q4KScales Run() {
    StartFromGroups();
    for (int i = 0; i < kRounds; ++i) {
      for (int j = 0; j < kGroups; ++j) MoveGroup(X(j), W(j), j, &scales_);
      if (!MoveHalves()) break;
    }
    return scales_;
  }

 private:
  Block X(int j) const { return Block(x_ + j * kBlockValues, kBlockValues); }
  Block W(int j) const { return Block(w_ + j * kBlockValues, kBlockValues); }
  float Error(const Q4KScales& s) const {
    float error = 0;
    for (int j = 0; j < kGroups; ++j) {
      error += AffineError(kTopCode, FitOf(s, j), X(j), W(j));
    }
    return error;
  }

  void StartFromGroups() {
    AffineFit fits[kGroups];
    float top_scale = 0, top_min = 0;
    for (int j = 0; j < kGroups; ++j) {
      fits[j] = FitAffine(kTopCode, true, X(j), W(j));
      top_scale = std::max(top_scale, fits[j].scale);
      top_min = std::max(top_min, -fits[j].offset);
    }
    SetHalves(top_scale / kTopScale, top_min / kTopScale);
    for (int j = 0; j < kGroups; ++j) {
      SetSixBits(fits[j], j, &scales_);
    }
  }

  void SetHalves(float d, float dmin) {
    scales_.d = ScaleHalf(d, DType::kQ4_K);
    scales_.dmin = ScaleHalf(dmin, DType::kQ4_K);
  }

  // x ~ d a - dmin b with a = scale * code and b = min: least squares of the
  // two halves over all groups. True where that helped.
  bool MoveHalves() {
    const UniformLevels levels{0, kTopCode};
    double aa = 0, ab = 0, bb = 0, ax = 0, bx = 0;
    for (int j = 0; j < kGroups; ++j) {
      const AffineFit fit = FitOf(scales_, j);
      if (fit.scale == 0) continue;
      const double b = scales_.mins[j];
      for (int i = 0; i < kBlockValues; ++i) {
        const float x = X(j)[static_cast<size_t>(i)];
        const double w = W(j)[static_cast<size_t>(i)];
        const double a =
            scales_.scales[j] *
            levels.Value(levels.Nearest((x - fit.offset) / fit.scale));
        aa += w * a * a;
        ab += w * a * b;
        bb += w * b * b;
        ax += w * a * x;
        bx += w * b * x;
      }
    }
    const double determinant = aa * bb - ab * ab;
    if (!(determinant > 1e-12 * aa * bb)) return false;
    const double d = (ax * bb - bx * ab) / determinant;
    const double dmin = (ax * ab - bx * aa) / determinant;
    if (!(d > 0) || !(dmin > 0)) return false;
    const Q4KScales before = scales_;
    const float error = Error(scales_);
    SetHalves(static_cast<float>(d), static_cast<float>(dmin));
    if (Error(scales_) < error) return true;
    scales_ = before;
    return false;
  }

  const float* x_;
  const float* w_;
  Q4KScales scales_;
};

class Q4K : public BlockType {
 public:
  int group() const override { return kSuperValues; }
  void Fit(const float* x, const float* w, GroupFit* fit) const override {
    fit->k = Q4KSearch(x, w).Run();
    for (int j = 0; j < kGroups; ++j) SetGroup(j, fit);
  }
  void Refit(const float* x, const float* w, int b,
             GroupFit* fit) const override {
    const Block values(x, kBlockValues);
    const Block weights(w, kBlockValues);
    SetSixBits(FitAffine(kTopCode, true, values, weights), b, &fit->k);
    MoveGroup(values, weights, b, &fit->k);
    SetGroup(b, fit);
  }
  uint8_t Nearest(float value) const override { return levels_.Nearest(value); }
  float Level(uint8_t code) const override { return levels_.Value(code); }
  void Pack(const GroupFit& fit, const uint8_t* codes,
            std::byte* out) const override {
    PackQ4K(fit.k, codes, out);
  }

 private:
  static void SetGroup(int j, GroupFit* fit) {
    const AffineFit affine = FitOf(fit->k, j);
    fit->scale[j] = affine.scale;
    fit->offset[j] = affine.offset;
  }

  UniformLevels levels_{0, kTopCode};
};

}  // namespace

const BlockType& Q4KType() {
  static const Q4K type;
  return type;
}

}  // namespace llamba

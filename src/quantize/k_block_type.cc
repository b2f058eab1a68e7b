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

// One block of 256 values under way: eight scales and minima of 6 bits under
// two halves. Rounds of two steps: each group moves its two small numbers to
// the best neighbours, then least squares moves the two halves.
class Q4KSearch {
 public:
  Q4KSearch(const float* x, const float* w) : x_(x), w_(w) {}

  Q4KScales Run() {
    StartFromGroups();
    for (int i = 0; i < kRounds; ++i) {
      for (int j = 0; j < kGroups; ++j) MoveGroup(j);
      if (!MoveHalves()) break;
    }
    return scales_;
  }

 private:
  std::span<const float> X(int j) const {
    return {x_ + j * kBlockValues, kBlockValues};
  }
  std::span<const float> W(int j) const {
    return {w_ + j * kBlockValues, kBlockValues};
  }
  static AffineFit FitOf(const Q4KScales& s, int j) {
    return {HalfToFloat(s.d) * static_cast<float>(s.scales[j]),
            -HalfToFloat(s.dmin) * static_cast<float>(s.mins[j])};
  }
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
      scales_.scales[j] = SixBits(fits[j].scale, HalfToFloat(scales_.d));
      scales_.mins[j] = SixBits(-fits[j].offset, HalfToFloat(scales_.dmin));
    }
  }

  void SetHalves(float d, float dmin) {
    scales_.d = ScaleHalf(d, DType::kQ4_K);
    scales_.dmin = ScaleHalf(dmin, DType::kQ4_K);
  }

  static uint8_t SixBits(float value, float unit) {
    if (unit == 0) return 0;
    return static_cast<uint8_t>(
        std::clamp(value / unit + 0.5f, 0.0f, static_cast<float>(kTopScale)));
  }

  void MoveGroup(int j) {
    const int scale = scales_.scales[j], min = scales_.mins[j];
    float best = HUGE_VALF;
    Q4KScales trial = scales_;
    for (int s = std::max(0, scale - 1); s <= std::min(kTopScale, scale + 1);
         ++s) {
      for (int m = std::max(0, min - 1); m <= std::min(kTopScale, min + 1);
           ++m) {
        trial.scales[j] = static_cast<uint8_t>(s);
        trial.mins[j] = static_cast<uint8_t>(m);
        const float error = AffineError(kTopCode, FitOf(trial, j), X(j), W(j));
        if (error < best) {
          best = error;
          scales_.scales[j] = trial.scales[j];
          scales_.mins[j] = trial.mins[j];
        }
      }
    }
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
    for (int j = 0; j < kGroups; ++j) {
      fit->scale[j] =
          HalfToFloat(fit->k.d) * static_cast<float>(fit->k.scales[j]);
      fit->offset[j] =
          -HalfToFloat(fit->k.dmin) * static_cast<float>(fit->k.mins[j]);
    }
  }
  uint8_t Nearest(float value) const override { return levels_.Nearest(value); }
  float Level(uint8_t code) const override { return levels_.Value(code); }
  void Pack(const GroupFit& fit, const uint8_t* codes,
            std::byte* out) const override {
    PackQ4K(fit.k, codes, out);
  }

 private:
  UniformLevels levels_{0, kTopCode};
};

}  // namespace

const BlockType& Q4KType() {
  static const Q4K type;
  return type;
}

}  // namespace llamba

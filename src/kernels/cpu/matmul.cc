#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/matmul.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/floats-inl.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

#include "kernels/ahead-inl.h"
//
#include "kernels/rows/groups-inl.h"
//
#include "kernels/rows/product-inl.h"

void Multiply(const MatMulArgs& args, const std::byte* arranged,
              std::byte* scratch, int64_t n_begin, int64_t n_end) {
  if (args.w.dtype == DType::kF32) {
    MultiplyRows<Floats, float>(args, arranged, scratch, n_begin, n_end);
  } else if (args.w.dtype == DType::kBF16) {
    MultiplyRows<Floats, hwy::bfloat16_t>(args, arranged, scratch, n_begin,
                                          n_end);
  } else {
    MultiplyRows<Floats, hwy::float16_t>(args, arranged, scratch, n_begin,
                                         n_end);
  }
}

// Enough chains to hide the latency of a multiply-add, few enough for 16
// registers.
constexpr int kPeakChains = 12;

double Peak(int64_t rounds, float* sink) {
  const DF df;
  VF sums[kPeakChains];
  for (VF& sum : sums) sum = hn::Set(df, *sink);
  const VF factor = hn::Set(df, 0.999f);
  const VF term = hn::Set(df, *sink);
  for (int64_t i = 0; i < rounds; ++i) {
    for (VF& sum : sums) sum = hn::MulAdd(sum, factor, term);
  }
  for (int j = 1; j < kPeakChains; ++j) sums[0] = hn::Add(sums[0], sums[j]);
  *sink = hn::GetLane(sums[0]);
  return static_cast<double>(rounds) * kPeakChains * kLanes;
}

const ArrangedProducts* Float32() {
  static constexpr ArrangedProducts kProducts = {
      ArrangedBytes<Floats>, Arrange<Floats>, sizeof(Scratch<Floats>), Multiply,
      Peak};
  return &kProducts;
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(Float32);
const ArrangedProducts* Float32For(int64_t target) {
  return PickTarget(HWY_DISPATCH_TABLE(Float32), target)();
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE

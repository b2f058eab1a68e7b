#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/quantize_rows.cc"
#include "hwy/foreach_target.h"
#include "kernels/cpu/vectors-inl.h"
#include "kernels/panels/row_tiles.h"

HWY_BEFORE_NAMESPACE();
namespace llamba::cpu::HWY_NAMESPACE {

constexpr int64_t kBlock = 32;

// Adding it leaves a number below 2^22 rounded to an integer, to even where two
// are as near, in the low bits of the sum: the same on every target.
constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23

// Below this a code's reciprocal scale would overflow.
constexpr float kSmallest = 1e-30f;

// The block of `out` that lies at `at`; `start_128` is what less_128 starts
// from. Leaves in `rest`, where it is not null, what the codes leave of x.
HWY_INLINE void QuantizeBlock(const float* x, const QuantizedRows& out,
                              int64_t at, int32_t start_128, float* rest) {
  const DF df;
  const hn::RebindToSigned<DF> di;
  const hn::Rebind<int8_t, DF> d8;
  VF largest = hn::Zero(df);
  // Not zero where a value is not finite: then the scale shall tell.
  VF taint = hn::Zero(df);
  for (int64_t i = 0; i < kBlock; i += kLanes) {
    const VF v = hn::LoadU(df, x + i);
    largest = hn::Max(largest, hn::Abs(v));
    taint = hn::MulAdd(v, hn::Zero(df), taint);
  }
  const float max = hn::GetLane(hn::MaxOfLanes(df, largest));
  const bool zero = max < kSmallest;
  const VF factor = hn::Set(df, zero ? 0.0f : 127.0f / max);
  const float scale = (zero ? 0.0f : max / 127.0f) + SumLanes(taint);
  auto total = hn::Zero(di);
  for (int64_t i = 0; i < kBlock; i += kLanes) {
    const VF v = hn::Mul(hn::LoadU(df, x + i), factor);
    const VF rounder = hn::Set(df, kRounder);
    const auto code =
        hn::Sub(hn::BitCast(di, hn::Add(v, rounder)), hn::BitCast(di, rounder));
    total = hn::Add(total, code);
    hn::StoreU(hn::DemoteTo(d8, code), d8, out.codes + at * kBlock + i);
    if (rest != nullptr) {
      hn::StoreU(hn::NegMulAdd(hn::ConvertTo(df, code), hn::Set(df, scale),
                               hn::LoadU(df, x + i)),
                 df, rest + i);
    }
  }
  const int32_t sum = hn::GetLane(hn::SumOfLanes(di, total));
  out.scales[at] = scale;
  out.sums[at] = scale * static_cast<float>(sum);
  out.less_8[at] = -8 * sum;
  out.less_128[at] = start_128 - 128 * sum;
}

// How a table orders the blocks: where block b of row m lies, and what its
// less_128 starts from.
struct RowByRow {
  static int64_t Slot(const QuantizedRows& rows, int64_t m, int64_t b) {
    return m * (rows.cols / kBlock) + b;
  }
  static int32_t Start(const QuantizedRows&, int64_t) { return 0; }
};
struct InTiles {
  static int64_t Slot(const QuantizedRows& rows, int64_t m, int64_t b) {
    return panels::SlotOf(rows, m, b);
  }
  static int32_t Start(const QuantizedRows& rows, int64_t m) {
    return m < panels::WholeTiles(rows.m) ? panels::kFloatZeroBits : 0;
  }
};

template <class Order>
HWY_INLINE void QuantizeRow(const QuantizedRows& out, const float* x, int64_t m,
                            int64_t rest_row) {
  float rest[kBlock];
  for (int64_t b = 0; b < out.cols / kBlock; ++b) {
    QuantizeBlock(x + b * kBlock, out, Order::Slot(out, m, b),
                  Order::Start(out, m), rest_row < 0 ? nullptr : rest);
    if (rest_row < 0) continue;
    QuantizeBlock(rest, out, Order::Slot(out, rest_row, b),
                  Order::Start(out, rest_row), nullptr);
  }
}

template <class Order>
HWY_INLINE void QuantizeAll(const QuantizeArgs& args, int64_t m_begin,
                            int64_t m_end) {
  for (int64_t m = m_begin; m < m_end; ++m) {
    QuantizeRow<Order>(args.out, args.x + m * args.x_stride, m,
                       args.rests ? args.out.m / 2 + m : -1);
  }
}

void QuantizeRows(const QuantizeArgs& args, int64_t m_begin, int64_t m_end) {
  QuantizeAll<RowByRow>(args, m_begin, m_end);
}

void QuantizeRowsInTiles(const QuantizeArgs& args, int64_t m_begin,
                         int64_t m_end) {
  QuantizeAll<InTiles>(args, m_begin, m_end);
}

}  // namespace llamba::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace llamba::cpu {
HWY_EXPORT(QuantizeRows);
HWY_EXPORT(QuantizeRowsInTiles);
decltype(KernelTable::quantize_rows) QuantizeRowsFor(int64_t target,
                                                     panels::RowOrder order) {
  return order == panels::RowOrder::kTiles
             ? PickTarget(HWY_DISPATCH_TABLE(QuantizeRowsInTiles), target)
             : PickTarget(HWY_DISPATCH_TABLE(QuantizeRows), target);
}
}  // namespace llamba::cpu
#endif  // HWY_ONCE

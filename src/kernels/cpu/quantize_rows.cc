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

#if HWY_TARGET != HWY_SCALAR
// The blocks of four rows of x that lie next to each other in a tile: what is
// one number a block in QuantizeBlock is one vector of four here.
struct FourBlocks {
  const float* x;
  int64_t x_stride;
  HWY_ALIGN float factors[4];
  HWY_ALIGN float scales[4];
};

HWY_INLINE void ScaleFour(FourBlocks& four) {
  const DF df;
  const D4 d4;
  VF largest[4];
  VF taint[4];
  for (int j = 0; j < 4; ++j) {
    largest[j] = taint[j] = hn::Zero(df);
    for (int64_t i = 0; i < kBlock; i += kLanes) {
      const VF v = hn::LoadU(df, four.x + j * four.x_stride + i);
      largest[j] = hn::Max(largest[j], hn::Abs(v));
      taint[j] = hn::MulAdd(v, hn::Zero(df), taint[j]);
    }
  }
  const V4 max =
      FoldLanes(MaxLanes(), largest[0], largest[1], largest[2], largest[3]);
  const auto zero = hn::Lt(max, hn::Set(d4, kSmallest));
  const V4 top = hn::Set(d4, 127.0f);
  hn::Store(hn::IfThenZeroElse(zero, hn::Div(top, max)), d4, four.factors);
  hn::Store(hn::Add(hn::IfThenZeroElse(zero, hn::Div(max, top)),
                    SumLanes(taint[0], taint[1], taint[2], taint[3])),
            d4, four.scales);
}

// Writes the codes and returns their sums; leaves what they leave of x in
// `rest`, four blocks, where it is not null.
HWY_INLINE V4 RoundFour(const FourBlocks& four, int8_t* codes, float* rest) {
  const DF df;
  const hn::RebindToSigned<DF> di;
  const hn::Rebind<int8_t, DF> d8;
  const VF rounder = hn::Set(df, kRounder);
  VF total[4];
  for (int j = 0; j < 4; ++j) {
    const VF factor = hn::Set(df, four.factors[j]);
    total[j] = hn::Zero(df);
    for (int64_t i = 0; i < kBlock; i += kLanes) {
      const VF v = hn::LoadU(df, four.x + j * four.x_stride + i);
      const VF sum = hn::Add(hn::Mul(v, factor), rounder);
      const auto code = hn::Sub(hn::BitCast(di, sum), hn::BitCast(di, rounder));
      const VF whole = hn::Sub(sum, rounder);
      total[j] = hn::Add(total[j], whole);  // exact
      hn::StoreU(hn::DemoteTo(d8, code), d8, codes + j * kBlock + i);
      if (rest != nullptr) {
        hn::StoreU(hn::NegMulAdd(whole, hn::Set(df, four.scales[j]), v), df,
                   rest + j * kBlock + i);
      }
    }
  }
  return SumLanes(total[0], total[1], total[2], total[3]);
}

HWY_INLINE void QuantizeFour(const float* x, int64_t x_stride,
                             const QuantizedRows& out, int64_t at,
                             int32_t start_128, float* rest) {
  const D4 d4;
  const hn::RebindToSigned<D4> di4;
  FourBlocks four;
  four.x = x;
  four.x_stride = x_stride;
  ScaleFour(four);
  const V4 sums = RoundFour(four, out.codes + at * kBlock, rest);
  const V4 scale = hn::Load(d4, four.scales);
  hn::StoreU(scale, d4, out.scales + at);
  hn::StoreU(hn::Mul(scale, sums), d4, out.sums + at);
  const auto less_8 =
      hn::Sub(hn::Zero(di4), hn::ShiftLeft<3>(hn::ConvertTo(di4, sums)));
  hn::StoreU(less_8, di4, out.less_8 + at);
  hn::StoreU(hn::Add(hn::Set(di4, start_128), hn::ShiftLeft<4>(less_8)), di4,
             out.less_128 + at);
}
#endif

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

// What the codes of row m leave goes to this row.
int64_t RestRow(const QuantizeArgs& args, int64_t m) {
  return args.out.m / 2 + m;
}

template <class Order>
HWY_INLINE void QuantizeRow(const QuantizeArgs& args, int64_t m) {
  const QuantizedRows& out = args.out;
  const float* x = args.x + m * args.x_stride;
  float rest[kBlock];
  for (int64_t b = 0; b < out.cols / kBlock; ++b) {
    QuantizeBlock(x + b * kBlock, out, Order::Slot(out, m, b),
                  Order::Start(out, m), args.rests ? rest : nullptr);
    if (!args.rests) continue;
    const int64_t row = RestRow(args, m);
    QuantizeBlock(rest, out, Order::Slot(out, row, b), Order::Start(out, row),
                  nullptr);
  }
}

#if HWY_TARGET != HWY_SCALAR
HWY_INLINE void QuantizeFourRows(const QuantizeArgs& args, int64_t m) {
  const QuantizedRows& out = args.out;
  const float* x = args.x + m * args.x_stride;
  float rest[4 * kBlock];
  for (int64_t b = 0; b < out.cols / kBlock; ++b) {
    QuantizeFour(x + b * kBlock, args.x_stride, out, InTiles::Slot(out, m, b),
                 InTiles::Start(out, m), args.rests ? rest : nullptr);
    if (!args.rests) continue;
    for (int64_t j = 0; j < 4; ++j) {
      const int64_t row = RestRow(args, m + j);
      QuantizeBlock(rest + j * kBlock, out, InTiles::Slot(out, row, b),
                    InTiles::Start(out, row), nullptr);
    }
  }
}
#endif

void QuantizeRows(const QuantizeArgs& args, int64_t m_begin, int64_t m_end) {
  for (int64_t m = m_begin; m < m_end; ++m) QuantizeRow<RowByRow>(args, m);
}

void QuantizeRowsInTiles(const QuantizeArgs& args, int64_t m_begin,
                         int64_t m_end) {
  for (int64_t m = m_begin; m < m_end;) {
#if HWY_TARGET != HWY_SCALAR
    if (m % 4 == 0 && m + 4 <= m_end &&
        m + 4 <= panels::WholeTiles(args.out.m)) {
      QuantizeFourRows(args, m);
      m += 4;
      continue;
    }
#endif
    QuantizeRow<InTiles>(args, m++);
  }
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

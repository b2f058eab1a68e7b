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

// With smaller numbers a scale's product with the weights' would be subnormal
// and not exact; for larger ones a tile has no zero.
constexpr float kSmallest = 1e-20f;
constexpr float kLargest = 1e30f;

// Of a float's bits the fraction, and what of it a scale does not have.
constexpr uint32_t kFraction = 0x7fffff;
constexpr uint32_t kCut = kFraction >> panels::kStepBits;
constexpr int kStepShift = 23 - panels::kStepBits;

// Of blocks whose largest magnitudes are `max`. `taint` is not zero where a
// value is not finite: then the scale shall tell.
template <class V>
HWY_INLINE V ScaleOf(V max, V taint) {
  const hn::DFromV<V> d;
  const hn::RebindToUnsigned<hn::DFromV<V>> du;
  const auto cut = hn::Set(du, kCut);
  const auto bits = hn::BitCast(du, hn::Div(max, hn::Set(d, 127.0f)));
  const V up = hn::BitCast(d, hn::AndNot(cut, hn::Add(bits, cut)));
  const V scale = hn::IfThenZeroElse(hn::Lt(max, hn::Set(d, kSmallest)), up);
  return hn::Add(
      hn::IfThenElse(hn::Gt(max, hn::Set(d, kLargest)), hn::NaN(d), scale),
      taint);
}

template <class V>
HWY_INLINE V FactorOf(V scale) {
  const hn::DFromV<V> d;
  return hn::IfThenZeroElse(hn::Eq(scale, hn::Zero(d)),
                            hn::Div(hn::Set(d, 1.0f), scale));
}

// All but the codes, whose sums are given: of one block, or of those of four
// neighbours in a tile.
template <class V>
HWY_INLINE void StoreScales(const QuantizedRows& out, int64_t at, bool in_tile,
                            V scale, V sums) {
  const hn::DFromV<V> d;
  const hn::RebindToSigned<hn::DFromV<V>> di;
  hn::StoreU(scale, d, out.scales + at);
  hn::StoreU(hn::Mul(scale, sums), d, out.sums + at);
  auto less_8 =
      hn::Sub(hn::Zero(di), hn::ShiftLeft<3>(hn::ConvertTo(di, sums)));
  auto less_128 = hn::ShiftLeft<4>(less_8);
  if (in_tile) {
    const auto bits = hn::BitCast(di, scale);
    const auto fraction = hn::Set(di, static_cast<int32_t>(kFraction));
    const V power = hn::BitCast(d, hn::AndNot(fraction, bits));
    // Not a number where the scale is none.
    const V zero = hn::MulAdd(power, hn::Set(d, panels::kFloatZero),
                              hn::Sub(scale, scale));
    hn::StoreU(zero, d, out.zeros + at);
    less_128 = hn::Add(hn::BitCast(di, zero), less_128);
    less_8 = hn::And(hn::ShiftRight<kStepShift>(bits),
                     hn::Set(di, panels::kSteps - 1));
  }
  hn::StoreU(less_8, di, out.less_8 + at);
  hn::StoreU(less_128, di, out.less_128 + at);
}

// The block of `out` that lies at `at`. Leaves in `rest`, where it is not null,
// what the codes leave of x.
HWY_INLINE void QuantizeBlock(const float* x, const QuantizedRows& out,
                              int64_t at, bool in_tile, float* rest) {
  const DF df;
  const hn::RebindToSigned<DF> di;
  const hn::Rebind<int8_t, DF> d8;
  const hn::CappedTag<float, 1> d1;
  VF largest = hn::Zero(df);
  VF taint = hn::Zero(df);
  for (int64_t i = 0; i < kBlock; i += kLanes) {
    const VF v = hn::LoadU(df, x + i);
    largest = hn::Max(largest, hn::Abs(v));
    taint = hn::MulAdd(v, hn::Zero(df), taint);
  }
  const auto scale =
      ScaleOf(hn::Set(d1, hn::GetLane(hn::MaxOfLanes(df, largest))),
              hn::Set(d1, SumLanes(taint)));
  const VF factor = hn::Set(df, hn::GetLane(FactorOf(scale)));
  auto total = hn::Zero(di);
  for (int64_t i = 0; i < kBlock; i += kLanes) {
    const VF v = hn::Mul(hn::LoadU(df, x + i), factor);
    const VF rounder = hn::Set(df, kRounder);
    const auto code =
        hn::Sub(hn::BitCast(di, hn::Add(v, rounder)), hn::BitCast(di, rounder));
    total = hn::Add(total, code);
    hn::StoreU(hn::DemoteTo(d8, code), d8, out.codes + at * kBlock + i);
    if (rest != nullptr) {
      hn::StoreU(
          hn::NegMulAdd(hn::ConvertTo(df, code),
                        hn::Set(df, hn::GetLane(scale)), hn::LoadU(df, x + i)),
          df, rest + i);
    }
  }
  const int32_t sum = hn::GetLane(hn::SumOfLanes(di, total));
  StoreScales(out, at, in_tile, scale, hn::Set(d1, static_cast<float>(sum)));
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
  const V4 scale =
      ScaleOf(max, SumLanes(taint[0], taint[1], taint[2], taint[3]));
  hn::Store(scale, d4, four.scales);
  hn::Store(FactorOf(scale), d4, four.factors);
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
                             float* rest) {
  FourBlocks four;
  four.x = x;
  four.x_stride = x_stride;
  ScaleFour(four);
  const V4 sums = RoundFour(four, out.codes + at * kBlock, rest);
  StoreScales(out, at, true, hn::Load(D4(), four.scales), sums);
}
#endif

// How a table orders the blocks: where block b of row m lies, and whether that
// is in a tile.
struct RowByRow {
  static int64_t Slot(const QuantizedRows& rows, int64_t m, int64_t b) {
    return m * (rows.cols / kBlock) + b;
  }
  static bool InTile(const QuantizedRows&, int64_t) { return false; }
};
struct InTiles {
  static int64_t Slot(const QuantizedRows& rows, int64_t m, int64_t b) {
    return panels::SlotOf(rows, m, b);
  }
  static bool InTile(const QuantizedRows& rows, int64_t m) {
    return m < panels::WholeTiles(rows.m);
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
                  Order::InTile(out, m), args.rests ? rest : nullptr);
    if (!args.rests) continue;
    const int64_t row = RestRow(args, m);
    QuantizeBlock(rest, out, Order::Slot(out, row, b), Order::InTile(out, row),
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
                 args.rests ? rest : nullptr);
    if (!args.rests) continue;
    for (int64_t j = 0; j < 4; ++j) {
      const int64_t row = RestRow(args, m + j);
      QuantizeBlock(rest + j * kBlock, out, InTiles::Slot(out, row, b),
                    InTiles::InTile(out, row), nullptr);
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

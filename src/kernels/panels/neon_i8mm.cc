// ARM's product of 2 x 8 by 8 x 2 bytes (SMMLA; i8mm): twice the multiply-adds
// of a dot product an instruction, for two rows of activations or more. One row
// has nothing to multiply the second half by and goes the way of SDOT; bits are
// the same, for only the exact part differs.
#include <arm_neon.h>

#include <type_traits>

#include "kernels/panels/panel_kernels.h"
#include "kernels/panels/panels.h"

namespace llamba::panels {
namespace {

#include "kernels/panels/neon_vectors-inl.h"

struct MatrixVectors : DotVectors {};

// Two groups of four columns are zipped to eight columns of two rows a vector.
template <class F, int kM, int kHalves>
struct BlockDot<MatrixVectors, F, kM, kHalves>
    : BlockDot<DotVectors, F, kM, kHalves> {
  using Base = BlockDot<DotVectors, F, kM, kHalves>;
  // Pairs of rows of activations; an odd last row is its own partner.
  static constexpr int kPairs = (kM + 1) / 2;

  LLAMBA_INLINE void Make(const std::byte* codes, int64_t panel_stride,
                          const QuantizedRows& x, int64_t at, int64_t blocks) {
    if constexpr (kM == 1) {
      Base::Make(codes, panel_stride, x, at, blocks);
    } else {
      MakePairs(codes, panel_stride, x, at, blocks);
    }
  }

  LLAMBA_INLINE void MakePairs(const std::byte* codes, int64_t panel_stride,
                               const QuantizedRows& rows, int64_t at,
                               int64_t blocks) {
    // [0]: of each vector's first two rows of weights, [1]: of the others; even
    // elements are the first row of activations, odd ones the second.
    int32x4_t product[kPairs][kHalves][2];
    ForPairs([&](auto p, auto h) LLAMBA_INLINE_LAMBDA {
      product[p][h][0] = product[p][h][1] =
          vzip1q_s32(StartOf<MatrixVectors, F>(rows, at + 2 * p * blocks),
                     StartOf<MatrixVectors, F>(rows, at + Second(p) * blocks));
    });
    const int8_t* x = rows.codes + at * kPanelBlock;
    const int64_t stride = blocks * kPanelBlock;
    Halves<int8x16_t, kHalves> even;
    F::template ForGroups<MatrixVectors, kHalves>(
        codes, panel_stride, [&](int g, const auto& w) LLAMBA_INLINE_LAMBDA {
          Repeat<kHalves>([&](auto h) LLAMBA_INLINE_LAMBDA {
            const int32x4_t own = vreinterpretq_s32_s8(Signed(w.half[h]));
            if (g % 2 == 0) {
              even.half[h] = vreinterpretq_s8_s32(own);
              return;
            }
            const int32x4_t before = vreinterpretq_s32_s8(even.half[h]);
            const auto first = vreinterpretq_s8_s32(vzip1q_s32(before, own));
            const auto second = vreinterpretq_s8_s32(vzip2q_s32(before, own));
            Repeat<kPairs>([&](auto p) LLAMBA_INLINE_LAMBDA {
              const int8x16_t both = Pair(x + 4 * (g - 1), stride, p);
              product[p][h][0] = vmmlaq_s32(product[p][h][0], first, both);
              product[p][h][1] = vmmlaq_s32(product[p][h][1], second, both);
            });
          });
        });
    ForPairs([&](auto p, auto h) LLAMBA_INLINE_LAMBDA {
      const auto& rows = product[p][h];
      this->sum[2 * p][h] = vuzp1q_s32(rows[0], rows[1]);
      if constexpr (2 * p + 1 < kM) {
        this->sum[2 * p + 1][h] = vuzp2q_s32(rows[0], rows[1]);
      }
    });
  }

  template <class Fn>
  static LLAMBA_INLINE void ForPairs(const Fn& fn) {
    Repeat<kPairs>([&](auto p) LLAMBA_INLINE_LAMBDA {
      Repeat<kHalves>([&](auto h) LLAMBA_INLINE_LAMBDA { fn(p, h); });
    });
  }
  static LLAMBA_INLINE int8x16_t Signed(int8x16_t w) { return w; }
  static LLAMBA_INLINE int8x16_t Signed(uint8x16_t w) {
    return vreinterpretq_s8_u8(w);
  }
  static constexpr int Second(int p) {
    return 2 * p + 1 < kM ? 2 * p + 1 : 2 * p;
  }
  // Eight columns of two rows of activations.
  static LLAMBA_INLINE int8x16_t Pair(const int8_t* x, int64_t stride, int p) {
    return vcombine_s8(vld1_s8(x + 2 * p * stride),
                       vld1_s8(x + Second(p) * stride));
  }
};

double MatrixPeak(int64_t rounds, float* sink) {
  constexpr int kChains = 8;
  const int8x16_t ones = vdupq_n_s8(static_cast<int8_t>(*sink * 100));
  int32x4_t sum[kChains];
  Repeat<kChains>([&](auto i)
                      LLAMBA_INLINE_LAMBDA { sum[i] = vdupq_n_s32(0); });
  for (int64_t r = 0; r < rounds; ++r) {
    Repeat<kChains>([&](auto i) LLAMBA_INLINE_LAMBDA {
      sum[i] = vmmlaq_s32(sum[i], ones, ones);
      // The compiler must take each product for a new one.
      __asm__ volatile("" : "+w"(sum[i]));
    });
  }
  Repeat<kChains>([&](auto i) LLAMBA_INLINE_LAMBDA {
    *sink += static_cast<float>(vgetq_lane_s32(sum[i], 0));
  });
  constexpr int kMultiplyAdds = 2 * 8 * 2;
  return static_cast<double>(rounds) * kChains * kMultiplyAdds;
}

}  // namespace

Kernels NeonI8mm() { return {MatMulPanelsOf<MatrixVectors>, MatrixPeak}; }

}  // namespace llamba::panels

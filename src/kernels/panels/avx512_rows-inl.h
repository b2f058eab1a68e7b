// Rows of activations in the order in which AVX-512 and AMX take sixteen of
// them at a time. Included as panel_matmul-inl.h is.

#include "kernels/panels/avx512_vectors-inl.h"

constexpr int64_t kTileRows = 16;

// An integer below 2^22 added to the bits of this float adds its value to it:
// what a dot product that started there makes is a float at once.
constexpr float kFloatZero = 12582912.0f;  // 1.5 * 2^23
constexpr int32_t kFloatZeroBits = std::bit_cast<int32_t>(kFloatZero);

// Rows that fill tiles; the ones left over lie row by row.
int64_t WholeTiles(int64_t m) { return m / kTileRows * kTileRows; }

// Where block `block` of row m lies, in blocks: of every whole 16 rows, block
// after block, the 32 columns of each row.
int64_t SlotOf(const QuantizedRows& rows, int64_t m, int64_t block) {
  const int64_t blocks = rows.cols / kPanelBlock;
  if (m >= WholeTiles(rows.m)) return m * blocks + block;
  return WholeTiles(m) * blocks + block * kTileRows + m % kTileRows;
}

// See cpu/quantize_rows.cc: the same values; but in tiles less_128 starts from
// kFloatZeroBits.
void QuantizeBlock(const float* x, const QuantizedRows& out, int64_t slot,
                   int32_t zero_bits) {
  const __m512 low = _mm512_loadu_ps(x);
  const __m512 high = _mm512_loadu_ps(x + 16);
  const float max = _mm512_reduce_max_ps(
      _mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
  const __m512 none = _mm512_setzero_ps();
  // Not zero where a value is not finite.
  const float taint = _mm512_reduce_add_ps(
      _mm512_fmadd_ps(low, none, _mm512_mul_ps(high, none)));
  const bool zero = max < 1e-30f;
  const __m512 factor = _mm512_set1_ps(zero ? 0.0f : 127.0f / max);
  const __m512i first = _mm512_cvtps_epi32(_mm512_mul_ps(low, factor));
  const __m512i second = _mm512_cvtps_epi32(_mm512_mul_ps(high, factor));
  auto* codes = reinterpret_cast<__m128i*>(out.codes + slot * kPanelBlock);
  _mm_storeu_si128(codes, _mm512_cvtsepi32_epi8(first));
  _mm_storeu_si128(codes + 1, _mm512_cvtsepi32_epi8(second));
  const int sum = _mm512_reduce_add_epi32(_mm512_add_epi32(first, second));
  out.scales[slot] = (zero ? 0.0f : max / 127.0f) + taint;
  out.sums[slot] = out.scales[slot] * static_cast<float>(sum);
  out.less_8[slot] = -8 * sum;
  out.less_128[slot] = zero_bits - 128 * sum;
}

void QuantizeInTiles(const QuantizeArgs& args, int64_t m_begin, int64_t m_end) {
  for (int64_t m = m_begin; m < m_end; ++m) {
    const float* x = args.x + m * args.x_stride;
    const int32_t zero_bits = m < WholeTiles(args.out.m) ? kFloatZeroBits : 0;
    for (int64_t b = 0; b < args.out.cols / kPanelBlock; ++b) {
      QuantizeBlock(x + b * kPanelBlock, args.out, SlotOf(args.out, m, b),
                    zero_bits);
    }
  }
}

// The rows of whole tiles, then the ones left over as rows of their own.
PanelMatMulArgs LeftOver(const PanelMatMulArgs& args) {
  const int64_t whole = WholeTiles(args.x.m);
  PanelMatMulArgs rest = args;
  rest.x = RowsFrom(args.x, whole);
  rest.y += whole * args.y_stride;
  return rest;
}

#ifndef LLAMBA_KERNELS_KERNELS_H_
#define LLAMBA_KERNELS_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/activation.h"
#include "base/dtype.h"

// The table of kernels that one instruction set offers, and how to choose one.
// The functions here are serial and unchecked: each works on a range that one
// thread owns. Model code calls ops.h, which validates once and shares the work
// among threads.
//
// Bit-exactness (every table keeps it, tests hold it to it): the value of one
// output depends only on the inputs that define it, never on the number of
// rows, tokens or heads computed beside it, on the range it was computed in, or
// on how a sequence was cut into calls. So each dot product along K has one
// fixed order of partial sums, and the recurrence is applied token by token.
//
// Letters: M rows of activations (tokens), N rows of weights (outputs), K
// columns; T tokens of one sequence, H = n_v_heads, G = n_qk_heads, P =
// head_dim, N = d_state. Activations are float32, rows `*_stride` floats apart.
// Pointers need no alignment.

namespace llamba {

// Weights (rows x cols): of type F32, F16 or BF16 row by row, as mapped; or of
// a block type in panels (panels/panels.h).
struct MatrixView {
  DType dtype = DType::kF32;
  int64_t rows = 0;
  int64_t cols = 0;
  const std::byte* data = nullptr;
  int64_t row_bytes = 0;    // 0 in panels
  int64_t panel_bytes = 0;  // 0 in rows

  bool InPanels() const { return panel_bytes != 0; }
  int64_t bytes() const {
    return InPanels() ? (rows + 15) / 16 * panel_bytes : rows * row_bytes;
  }
};

// y[m, n] = bias[n] + sum_k x[m, k] w[n, k], or added to what y holds.
struct MatMulArgs {
  MatrixView w;              // (N, K), in rows; in panels for Ops alone
  const float* x = nullptr;  // (M, K)
  int64_t x_stride = 0;
  int64_t m = 0;
  const float* bias = nullptr;  // (N), may be null
  float* y = nullptr;           // (M, N)
  int64_t y_stride = 0;
  bool accumulate = false;  // y += instead of y =
  // So many columns of x may share a scale, where KernelTable::segments
  // multiplies these weights: 64, 128 or 256. 0: they may not.
  int64_t segment = 0;
};

// Activations in 8 bits for products with quantised weights: x[m, k] ~
// codes[m, k] * scales[m, k / 32], with K a multiple of 32. Made by
// quantize_rows, for the matmul_panels of the same table. A scale is the
// largest magnitude of its 32 values over 127, rounded up to three significant
// bits, so that its product with the weights' scale is exact; a code is the
// nearest integer to x times the scale's reciprocal (even where two are as
// near). Values below 1e-20 are zero; where one is not finite, or beyond 1e30,
// the scale is not a number. A table may hold whole 16 rows otherwise
// (panels/row_tiles.h).
struct QuantizedRows {
  int64_t m = 0;
  int64_t cols = 0;
  int8_t* codes = nullptr;  // (M, K)
  float* scales = nullptr;  // (M, K / 32)
  float* sums = nullptr;    // (M, K / 32): scale * sum of the codes
  // (M, K / 32): what a dot product starts from where the weights' codes lie 8
  // or 128 above their values: -8 and -128 times the sum of the codes.
  int32_t* less_8 = nullptr;
  int32_t* less_128 = nullptr;
  float* zeros = nullptr;  // (M, K / 32): room for a table's own use
};

// Rows m and on.
inline QuantizedRows RowsFrom(const QuantizedRows& rows, int64_t m) {
  const int64_t blocks = rows.cols / 32;
  return {rows.m - m,
          rows.cols,
          rows.codes + m * rows.cols,
          rows.scales + m * blocks,
          rows.sums + m * blocks,
          rows.less_8 + m * blocks,
          rows.less_128 + m * blocks,
          rows.zeros + m * blocks};
}

struct QuantizeArgs {
  const float* x = nullptr;  // (M, K)
  int64_t x_stride = 0;
  QuantizedRows out;  // M rows
  // Then `out` has 2 M rows: row M + m is what row m leaves of x, quantised
  // likewise, and both together are x in 16 bits.
  bool rests = false;
};

// As MatMulArgs, with quantised weights in panels of 16 rows (panels.h) and
// activations in 8 bits. The dot product of a block of 32 columns is exact, as
// is the product of its scales; blocks are added in ascending order, each in
// one rounding where multiply-adds are fused.
struct PanelMatMulArgs {
  DType dtype = DType::kQ8_0;
  int64_t rows = 0;                   // N
  const std::byte* panels = nullptr;  // ceil(N / 16), panel_bytes each
  int64_t panel_bytes = 0;
  int64_t codes_offset = 0;  // in a panel
  QuantizedRows x;           // (M, K)
  const float* bias = nullptr;
  float* y = nullptr;  // (M, N)
  int64_t y_stride = 0;
  bool accumulate = false;
};

// Activations to be put in the order, and the type, of some products.
struct ArrangeArgs {
  const float* x = nullptr;  // (M, K)
  int64_t x_stride = 0;
  int64_t m = 0;
  int64_t cols = 0;
  std::byte* out = nullptr;  // on a 64-byte boundary
  int64_t segment = 0;       // as MatMulArgs::segment
};

// Products of weights with activations that were arranged for them, summed in
// float32.
struct ArrangedProducts {
  // How many bytes ArrangeArgs::out has, whose order is the products' own.
  size_t (*arranged_bytes)(int64_t m, int64_t cols);
  // Rows [m_begin, m_end).
  void (*arrange)(const ArrangeArgs& args, int64_t m_begin, int64_t m_end);
  // Bytes that multiply works in, more than a thread's stack may have.
  size_t scratch_bytes;
  // Rows [n_begin, n_end) of args.w, from whole panels where it lies in such,
  // all M rows of x, which are read from `arranged` in place of args.x.
  // `scratch`, of the calling thread alone, is aligned to 64 bytes and may hold
  // anything.
  void (*multiply)(const MatMulArgs& args, const std::byte* arranged,
                   std::byte* scratch, int64_t n_begin, int64_t n_end);
  // See KernelTable::integer_peak.
  double (*peak)(int64_t rounds, float* sink);
};

// y = x / sqrt(mean(x^2) + eps) * weight, a row at a time.
struct RmsNormArgs {
  const float* x = nullptr;  // (M, d)
  int64_t x_stride = 0;
  const float* weight = nullptr;  // (d)
  int64_t d = 0;
  float eps = 0;
  float* y = nullptr;  // (M, d)
  int64_t y_stride = 0;
};

// Depthwise causal convolution over the T tokens of one sequence (SPEC 2.2):
// y[t, c] = act(bias[c] + sum_j weight[j, c] x[t - (d_conv - 1) + j, c]), where
// tokens before the first come from `state`, the last d_conv - 1 inputs, oldest
// first, which the call leaves advanced by T tokens. y must not overlap x.
struct Conv1dArgs {
  int64_t n_tokens = 0;
  int64_t channels = 0;
  int64_t d_conv = 0;
  const float* x = nullptr;  // (T, channels)
  int64_t x_stride = 0;
  const float* weight = nullptr;  // (d_conv, channels): taps outermost
  const float* bias = nullptr;    // (channels), may be null
  Activation activation = Activation::kIdentity;
  float* state = nullptr;  // (d_conv - 1, channels)
  float* y = nullptr;      // (T, channels)
  int64_t y_stride = 0;
};

// The recurrence of Discrete Mamba-2 over the T tokens of one sequence (SPEC
// 2.3): per head h with group g = h / (H / G), token by token,
//   S <- sigmoid(-a_log[t, h]) S + B[t, g] x[t, h]^T,  y[t, h] = C[t, g] S +
//   D_h x[t, h].
// The state holds S transposed, (H, N, P): vectors run along P, and nothing is
// summed across lanes. It is updated in place.
struct ScanArgs {
  int64_t n_tokens = 0;
  int64_t n_v_heads = 0;
  int64_t n_qk_heads = 0;
  int64_t head_dim = 0;
  int64_t d_state = 0;
  const float* x = nullptr;      // (T, H * P)
  const float* b = nullptr;      // (T, G * N)
  const float* c = nullptr;      // (T, G * N)
  int64_t xbc_stride = 0;        // of x, b and c alike
  const float* a_log = nullptr;  // (T, H)
  int64_t a_log_stride = 0;
  const float* d = nullptr;  // (H)
  float* state = nullptr;    // (H, N, P)
  float* y = nullptr;        // (T, H * P)
  int64_t y_stride = 0;
};

// y = y * silu(z + z_bias) (SPEC 2.4), in place, a row of n.
struct GateArgs {
  float* y = nullptr;  // (M, n)
  int64_t y_stride = 0;
  const float* z = nullptr;  // (M, n)
  int64_t z_stride = 0;
  const float* z_bias = nullptr;  // (n), may be null
  int64_t n = 0;
};

// gate = act(gate) * up, in place, a row of n.
struct GluArgs {
  float* gate = nullptr;  // (M, n)
  int64_t gate_stride = 0;
  const float* up = nullptr;  // (M, n)
  int64_t up_stride = 0;
  int64_t n = 0;
  Activation activation = Activation::kSilu;
};

// Rotates pairs (i, i + head_dim / 2) of every head by the token's angles, in
// place (SPEC 3, teachers).
struct RopeArgs {
  float* x = nullptr;  // (M, n_heads * head_dim)
  int64_t x_stride = 0;
  int64_t n_heads = 0;
  int64_t head_dim = 0;
  const float* cos = nullptr;  // (M, head_dim / 2)
  const float* sin = nullptr;  // (M, head_dim / 2)
};

// Tokens of one head that kernels take through its keys together: whole tiles
// of them, so borders between tasks lie at its multiples.
constexpr int64_t kAttentionTokens = 36;

// Causal grouped-query attention of T new tokens of one sequence, at positions
// first .. first + T - 1, over all its keys and values up to each token's own.
// A page holds page_tokens positions: keys (n_kv_heads, page_tokens, head_dim),
// then values in the same form. Position p lies in page p / page_tokens.
struct AttentionArgs {
  int64_t n_tokens = 0;
  int64_t first_position = 0;
  int64_t n_heads = 0;
  int64_t n_kv_heads = 0;
  int64_t head_dim = 0;
  float scale = 0;           // 1 / sqrt(head_dim)
  const float* q = nullptr;  // (T, n_heads * head_dim)
  int64_t q_stride = 0;
  const float* const* pages = nullptr;  // page pointers
  int64_t page_tokens = 0;
  float* y = nullptr;  // (T, n_heads * head_dim)
  int64_t y_stride = 0;
};

struct KernelTable {
  const char* isa;  // as --isa names it

  // Of weights in rows (F32, F16 or BF16) by activations in float32.
  const ArrangedProducts* float32;
  // Of BF16 weights by activations rounded to bf16 (to the nearest, even where
  // two are as near, subnormals to zero), where subnormal sums may count as
  // zero. Null where the machine multiplies no bf16, or no faster than float32.
  const ArrangedProducts* bf16;
  // Of weights in panels by activations in 8 bits with a scale for each segment
  // of MatMulArgs::segment columns, faster and less exact than matmul_panels: a
  // code is to 127 what x is to the largest of its segment. Weights are made
  // anew in signed bytes of one scale for 256 columns of a row, the least with
  // which all that the codes there could stand for fits (segments/segments.h).
  // The dot product of a segment is exact; its multiples of the product of both
  // scales are added in ascending order, each in one rounding. Null where that
  // is no faster.
  const ArrangedProducts* segments;
  // Rows [m_begin, m_end).
  void (*quantize_rows)(const QuantizeArgs& args, int64_t m_begin,
                        int64_t m_end);
  // Panels [p_begin, p_end) of the weights, all M rows of x.
  void (*matmul_panels)(const PanelMatMulArgs& args, int64_t p_begin,
                        int64_t p_end);
  // Rows [m_begin, m_end).
  void (*rms_norm)(const RmsNormArgs& args, int64_t m_begin, int64_t m_end);
  void (*gate)(const GateArgs& args, int64_t m_begin, int64_t m_end);
  void (*glu)(const GluArgs& args, int64_t m_begin, int64_t m_end);
  void (*rope)(const RopeArgs& args, int64_t m_begin, int64_t m_end);
  // Channels [begin, end), all T tokens.
  void (*conv1d)(const Conv1dArgs& args, int64_t begin, int64_t end);
  // Heads [begin, end), all T tokens.
  void (*scan)(const ScanArgs& args, int64_t begin, int64_t end);
  // Tokens [t_begin, t_end) of head `head`.
  void (*attention)(const AttentionArgs& args, int64_t head, int64_t t_begin,
                    int64_t t_end);

  // What instructions could do at best, to set beside what the kernels do:
  // `rounds` of independent multiply-adds on registers alone, here of unsigned
  // 4-bit codes by bytes (of bytes where there are tiles). Returns how many
  // were made; *sink (below 1, not 0) keeps them from being optimised away.
  // Null in the reference, as ArrangedProducts::peak there.
  double (*integer_peak)(int64_t rounds, float* sink);
};

// The instruction sets that this machine can run, best first, "reference"
// (plain scalar, the oracle) last.
std::vector<std::string> AvailableIsas();

// The table for a name of AvailableIsas(), or the best for "" and "auto".
// Throws Error listing the available names for any other.
const KernelTable& GetKernels(std::string_view isa);

}  // namespace llamba

#endif  // LLAMBA_KERNELS_KERNELS_H_

// AMX with bf16: a tile of sixteen rows of weights, as they lie in memory, by
// one of up to sixteen rows of x.
//
// A tile product takes 32 columns: the products of the even ones are added in
// ascending order, those of the odd ones likewise, each sum starting at zero
// and every step rounded once, subnormals flushed to zero; then both sums are
// added, and what that makes to the output. So an output has one order of sums,
// however many rows of x there are; vectors keep it for one row.
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/bf16/bf16_kernels.h"

namespace llamba::bf16 {
namespace {

#include "kernels/repeat-inl.h"
//
#include "kernels/lanes-inl.h"
//
#include "kernels/bf16/round-inl.h"
//
#include "kernels/panels/tiles-inl.h"
//
#include "kernels/bf16/amx_rows-inl.h"
//
#include "kernels/bf16/amx_row-inl.h"
//
#include "kernels/ahead-inl.h"
//
#include "kernels/bf16/amx_product-inl.h"

// Where rows of x are many, sums of kBlockN rows of weights with kBlockGroups
// groups wait in memory.
constexpr int64_t kBlockN = 256;
constexpr int64_t kBlockGroups = 32;
static_assert(kBlockGroups % 2 == 0);  // groups lie in pairs
// Where there is one group, memory sets the pace: bytes of weights that are on
// their way.
constexpr int64_t kFetchAhead = 16 << 10;

// Tiles 0 to 3: sums; 4 and 5: weights; 6 and 7: x.
TileShapes Shapes(int64_t width) {
  TileShapes shapes;
  for (int i = 0; i < 4; ++i) shapes.Set(i, kTile, width * 4);
  for (int i = 4; i < 6; ++i) shapes.Set(i, kTile, kStepBytes);
  for (int i = 6; i < 8; ++i) shapes.Set(i, kTile, width * 4);
  return shapes;
}

struct Scratch {
  // A panel: of each 32 columns one tile after the other.
  alignas(64) std::byte w[kPanelRows * kPanelCols * 2];
  alignas(64) float sums[kBlockN * kBlockGroups * kTile];
};

// The panel by groups [g, g_end) of x. `copy`: see Product::Run.
template <int kW>
void PanelGroups(const Panel& panel, const RowGroups& groups, const uint32_t* x,
                 int64_t g, int64_t g_end, float* sums, Ahead<2>& next,
                 bool copy) {
  for (; g + 1 < g_end; g += 2, sums += 4 * kTileFloats) {
    Product<kW, 2>{panel, groups, x, g}.Run(sums, next, copy);
    copy = false;
  }
  if (g < g_end) Product<kW, 1>{panel, groups, x, g}.Run(sums, next, copy);
}

void MultiplyPanel(const Panel& panel, const RowGroups& groups,
                   const uint32_t* x, int64_t g, int64_t g_end, float* sums,
                   Ahead<2>& next, bool copy) {
  if (panel.tiles() == 2) {
    PanelGroups<2>(panel, groups, x, g, g_end, sums, next, copy);
  } else {
    PanelGroups<1>(panel, groups, x, g, g_end, sums, next, copy);
  }
}

// The only group of x by rows [n_begin, n_end) of weights.
void FewRows(const MatMulArgs& args, const RowGroups& groups, const uint32_t* x,
             int64_t n_begin, int64_t n_end, Scratch& scratch) {
  for (int64_t n = n_begin; n < n_end; n += kPanelRows) {
    for (int64_t k = 0; k < args.w.cols; k += kPanelCols) {
      const Panel panel = {args,
                           n,
                           std::min(kPanelRows, n_end - n),
                           k,
                           std::min(kPanelCols, args.w.cols - k),
                           scratch.w};
      panel.Copy(kFetchAhead);
      Ahead<2> nothing;
      MultiplyPanel(panel, groups, x, 0, 1, scratch.sums, nothing, false);
    }
  }
}

// Groups [g, g_end) of x by rows [n_begin, n_end) of weights, at most kBlockN.
struct Block {
  const MatMulArgs& args;
  const RowGroups& groups;
  const uint32_t* x;
  int64_t g, g_end, n_begin, n_end;

  int64_t cols() const { return args.w.cols; }
  int64_t Count(int64_t k) const { return std::min(kPanelCols, cols() - k); }
  int64_t pairs() const { return (g_end - g + 1) / 2; }

  // The weights behind panel (n, k).
  Ahead<2> NextWeights(int64_t n, int64_t k) const {
    const bool end = n + kPanelRows >= n_end;
    const bool turn = end && k + kPanelCols < cols();
    const int64_t next = turn ? n_begin : std::min(n + kPanelRows, n_end);
    const int64_t next_k = turn ? k + kPanelCols : end ? 0 : k;
    return {args.w.data + next * args.w.row_bytes + next_k * 2,
            args.w.row_bytes, std::min(kPanelRows, args.w.rows - next),
            Count(next_k) * 2, pairs() * Steps(Count(k))};
  }

  void Run(Scratch& scratch) const {
    for (int64_t k = 0; k < cols(); k += kPanelCols) {
      float* sums = scratch.sums;
      for (int64_t n = n_begin; n < n_end; n += kPanelRows) {
        const Panel panel = {args, n,        std::min(kPanelRows, n_end - n),
                             k,    Count(k), scratch.w};
        Ahead<2> next = NextWeights(n, k);
        if (!panel.is_whole()) panel.Copy(0);
        MultiplyPanel(panel, groups, x, g, g_end, sums, next, panel.is_whole());
        sums += pairs() * 4 * kTileFloats;
      }
    }
  }
};

void ManyRows(const MatMulArgs& args, const RowGroups& groups,
              const uint32_t* x, int64_t n_begin, int64_t n_end,
              Scratch& scratch) {
  for (int64_t g = 0; g < groups.count; g += kBlockGroups) {
    for (int64_t n = n_begin; n < n_end; n += kBlockN) {
      Block{args,
            groups,
            x,
            g,
            std::min(groups.count, g + kBlockGroups),
            n,
            std::min(n_end, n + kBlockN)}
          .Run(scratch);
    }
  }
}

// No columns: nothing but the bias.
void NoColumns(const MatMulArgs& args, int64_t n_begin, int64_t n_end) {
  alignas(64) float sums[kTileFloats] = {};
  for (int64_t m = 0; m < args.m; m += kTile) {
    for (int64_t n = n_begin; n < n_end; n += kTile) {
      Finish(args, sums, n, std::min(kTile, n_end - n), m,
             std::min(kTile, args.m - m));
    }
  }
}

void MatMul(const MatMulArgs& args, const std::byte* rounded, std::byte* memory,
            int64_t n_begin, int64_t n_end) {
  if (args.w.cols == 0) return NoColumns(args, n_begin, n_end);
  const FlushSubnormals flush;
  if (args.m == 1 && args.w.cols <= OneRow::kMaxCols) {
    OneRow(args, rounded).Run(n_begin, n_end);
    return;
  }
  const RowGroups groups(args.m, args.w.cols);
  const auto* x = reinterpret_cast<const uint32_t*>(rounded);
  const TileUse use(Shapes(groups.width));
  auto& scratch = *reinterpret_cast<Scratch*>(memory);
  if (groups.count == 1) {
    FewRows(args, groups, x, n_begin, n_end, scratch);
  } else {
    ManyRows(args, groups, x, n_begin, n_end, scratch);
  }
}

double Peak(int64_t rounds, float* sink) {
  return TilePeak(rounds, kStep, sink, []() LLAMBA_INLINE_LAMBDA {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  });
}

}  // namespace

const ArrangedProducts& Amx() {
  static constexpr ArrangedProducts kProducts = {RoundedBytes, RoundRows,
                                                 sizeof(Scratch), MatMul, Peak};
  return kProducts;
}

}  // namespace llamba::bf16

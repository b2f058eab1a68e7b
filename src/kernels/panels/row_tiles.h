#ifndef LLAMBA_KERNELS_PANELS_ROW_TILES_H_
#define LLAMBA_KERNELS_PANELS_ROW_TILES_H_

#include <bit>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/panels/panels.h"

// Rows of activations in the order in which some products take them: of every
// whole 16 rows block after block, of a block the 32 columns of each row, and
// scales and sums likewise; rows left over lie row by row. Always inlined, for
// no symbol that one instruction set's compiler flags made may reach another.

#define LLAMBA_ALWAYS_INLINE inline __attribute__((always_inline))

namespace llamba::panels {

constexpr int64_t kTileRows = 16;

// An integer below 2^22 added to the bits of this float adds its value to it:
// what a dot product that started there makes is a float at once. In tiles,
// less_128 starts there.
constexpr float kFloatZero = 12582912.0f;  // 1.5 * 2^23
constexpr int32_t kFloatZeroBits = std::bit_cast<int32_t>(kFloatZero);

// How many of m rows lie in tiles.
LLAMBA_ALWAYS_INLINE int64_t WholeTiles(int64_t m) {
  return m / kTileRows * kTileRows;
}

// Where block `block` of row m lies, in blocks.
LLAMBA_ALWAYS_INLINE int64_t SlotOf(const QuantizedRows& rows, int64_t m,
                                    int64_t block) {
  const int64_t blocks = rows.cols / kPanelBlock;
  if (m >= WholeTiles(rows.m)) return m * blocks + block;
  return WholeTiles(m) * blocks + block * kTileRows + m % kTileRows;
}

}  // namespace llamba::panels

#endif  // LLAMBA_KERNELS_PANELS_ROW_TILES_H_

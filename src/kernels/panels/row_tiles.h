#ifndef LLAMBA_KERNELS_PANELS_ROW_TILES_H_
#define LLAMBA_KERNELS_PANELS_ROW_TILES_H_

#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/panels/panels.h"

// Rows of activations in the order in which some products take them: of every
// whole 16 rows block after block, of a block the 32 columns of each row, and
// scales and sums likewise; rows left over lie row by row. Always inlined, for
// no symbol that one instruction set's compiler flags made may reach another.
//
// In tiles a scale also stands as a power of two and which of kSteps multiples
// of it: `zeros` has kFloatZero times that power, less_8 which multiple, 0 to
// kSteps - 1. A dot product that starts at the bits of such a zero is a float
// at once, zero + power * dot. What is left is to take zero off, and one
// multiply-add with that multiple of the weights' scale. less_128 starts from
// the bits of zero, too.

#define LLAMBA_ALWAYS_INLINE inline __attribute__((always_inline))

namespace llamba::panels {

constexpr int64_t kTileRows = 16;

// Scales have two bits after the point: 1, 1.25, 1.5 and 1.75.
constexpr int kStepBits = 2;
constexpr int kSteps = 1 << kStepBits;

// An integer below 2^22 added to the bits of this float adds its value to it;
// added to those of this float times a power of two, its value times that.
constexpr float kFloatZero = 12582912.0f;  // 1.5 * 2^23

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

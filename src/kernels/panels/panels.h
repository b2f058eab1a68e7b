#ifndef LLAMBA_KERNELS_PANELS_PANELS_H_
#define LLAMBA_KERNELS_PANELS_PANELS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/dtype.h"

// Quantised weights in the order that integer kernels read them. A panel is 16
// rows of a matrix; it is read once, front to back, for one row of activations
// or for many. All functions are pure and safe from any thread.
//
// A panel holds its scales, then, from a multiple of 64 bytes on, its codes,
// both in blocks of 32 columns (the blocks of the file's type):
//
//   scales  d[16], or d[16] m[16], as halves, a value a row; or, of the K
//           types, for every 256 columns d[16] dmin[16] as halves and then for
//           each of the 8 blocks scale[16] min[16] as bytes
//   codes   byte (g, row, i) at g * 64 + row * 4 + i is column 4 g + i of the
//           block: a 32-bit lane is what one lane of an integer dot product
//           takes. Codes of 4 and 5 bits: byte (j, row, i) holds group g = 2 j
//           in its low nibble and 2 j + 1 in its high one. Codes of 5 bits have
//           64 bytes more: bit g of byte (row, i) is the fifth bit of group g.
//
// The last panel is padded with rows of zeros.

namespace llamba {

constexpr int64_t kPanelRows = 16;
constexpr int64_t kPanelBlock = 32;

// True for the block types that have panels: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0,
// IQ4_NL, Q4_K, Q5_K.
bool HasPanels(DType dtype);

// Where things lie in a panel of `cols` columns, a multiple of the type's
// block.
struct PanelShape {
  PanelShape(DType dtype, int64_t cols);
  int64_t codes_offset;
  int64_t bytes;
};

// Packs up to 16 rows of `cols` columns, each a row of blocks as in a file.
void PackPanel(DType dtype, std::span<const std::byte* const> rows,
               int64_t cols, std::byte* panel);

// The values of row `row` (0 to 15) of a panel: those of DecodeRow on the row
// that was packed, bit for bit.
void UnpackPanelRow(DType dtype, const std::byte* panel, int64_t row,
                    std::span<float> out);

// Row `row` of a panel as codes and what they stand for: d (code - offset) + m,
// of a block. Of Q8_0 and IQ4_NL codes are values of d, signed bytes.
struct PanelRow {
  struct Block {
    float d = 0, m = 0;
  };
  int bits = 0;  // of a code: 4, 5 or 8
  int offset = 0;
  bool has_min = false;
  std::vector<int> codes;
  std::vector<Block> blocks;
};
PanelRow ReadPanelRow(DType dtype, const std::byte* panel, int64_t row,
                      int64_t cols);

}  // namespace llamba

#endif  // LLAMBA_KERNELS_PANELS_PANELS_H_

#ifndef LLAMBA_KERNELS_PANELS_PANEL_KERNELS_H_
#define LLAMBA_KERNELS_PANELS_PANEL_KERNELS_H_

#include <vector>

#include "kernels/kernels.h"

// Inside this room only: the product of panels, one translation unit an
// instruction set with compiler flags of its own. Each may be called only where
// the machine has that instruction set.

namespace llamba::panels {

// How a product takes activations: as they come, or as row_tiles.h says.
enum class RowOrder { kRows, kTiles };

// The entries of a KernelTable.
struct Kernels {
  decltype(KernelTable::matmul_panels) matmul;
  decltype(KernelTable::integer_peak) peak;
  RowOrder order = RowOrder::kRows;
};

Kernels Portable();
#if defined(__x86_64__)
Kernels Avx2();
Kernels AvxVnni();
Kernels Avx512Vnni();
Kernels Amx();
#elif defined(__aarch64__)
Kernels NeonDotprod();
Kernels NeonI8mm();
#endif

// The best ones for the vector kernels that --isa calls `isa`.
Kernels For(const char* isa);

// Names of --isa for instructions of such products alone that this machine has
// beside these vectors, the best first.
std::vector<const char*> ProductIsas(const char* vectors);

}  // namespace llamba::panels

#endif  // LLAMBA_KERNELS_PANELS_PANEL_KERNELS_H_

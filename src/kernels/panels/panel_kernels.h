#ifndef LLAMBA_KERNELS_PANELS_PANEL_KERNELS_H_
#define LLAMBA_KERNELS_PANELS_PANEL_KERNELS_H_

#include <vector>

#include "kernels/kernels.h"

// Inside this room only: the product of panels, one translation unit an
// instruction set with compiler flags of its own. Each may be called only where
// the machine has that instruction set.

namespace llamba::panels {

// The entries of a KernelTable.
struct Kernels {
  decltype(KernelTable::matmul_panels) matmul;
  decltype(KernelTable::integer_peak) peak;
  // Null where the product takes activations row by row.
  decltype(KernelTable::quantize_rows) quantize_rows = nullptr;
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

// Instructions of products alone that this machine has: a name of --isa, and
// the vectors that it goes with, next to which it is the better choice.
struct ProductIsa {
  const char* name;
  const char* vectors;
};

// Each after those that it is better than.
std::vector<ProductIsa> ProductIsas();

}  // namespace llamba::panels

#endif  // LLAMBA_KERNELS_PANELS_PANEL_KERNELS_H_

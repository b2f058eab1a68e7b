#ifndef LLAMBA_KERNELS_PANELS_PANEL_KERNELS_H_
#define LLAMBA_KERNELS_PANELS_PANEL_KERNELS_H_

#include "kernels/kernels.h"

// Inside this room only: the product of panels, one translation unit an
// instruction set with compiler flags of its own. Each may be called only where
// the machine has that instruction set.

namespace llamba::panels {

decltype(KernelTable::matmul_panels) Portable();
#if defined(__x86_64__)
decltype(KernelTable::matmul_panels) Avx2();
decltype(KernelTable::matmul_panels) Avx512Vnni();
decltype(KernelTable::matmul_panels) Amx();
#endif

// The best one for the vector kernels that --isa calls `isa`.
decltype(KernelTable::matmul_panels) For(const char* isa);

}  // namespace llamba::panels

#endif  // LLAMBA_KERNELS_PANELS_PANEL_KERNELS_H_

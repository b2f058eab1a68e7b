#ifndef LLAMBA_KERNELS_CPU_CPU_KERNELS_H_
#define LLAMBA_KERNELS_CPU_CPU_KERNELS_H_

#include <vector>

#include "kernels/kernels.h"

namespace llamba::cpu {

// A table for each vector instruction set that was compiled in and that this
// machine runs, best first.
std::vector<KernelTable> Kernels();

}  // namespace llamba::cpu

#endif  // LLAMBA_KERNELS_CPU_CPU_KERNELS_H_

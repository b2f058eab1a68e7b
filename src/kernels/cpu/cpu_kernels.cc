#include "kernels/cpu/cpu_kernels.h"

namespace llamba::cpu {

std::vector<KernelTable> Kernels() { return {}; }

}  // namespace llamba::cpu

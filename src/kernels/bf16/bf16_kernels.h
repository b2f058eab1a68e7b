#ifndef LLAMBA_KERNELS_BF16_BF16_KERNELS_H_
#define LLAMBA_KERNELS_BF16_BF16_KERNELS_H_

#include "kernels/kernels.h"

// Inside this room only: products of BF16 weights with activations in bf16, one
// translation unit an instruction set with compiler flags of its own. Each may
// be called only where the machine has that instruction set.

namespace llamba::bf16 {

#if defined(__x86_64__)
const ArrangedProducts& Avx512();
const ArrangedProducts& Amx();
#endif

// The best ones beside the vector kernels that --isa calls `isa`; null where
// products in float32 are as fast.
const ArrangedProducts* For(const char* isa);

}  // namespace llamba::bf16

#endif  // LLAMBA_KERNELS_BF16_BF16_KERNELS_H_

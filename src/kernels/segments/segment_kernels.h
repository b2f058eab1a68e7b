#ifndef LLAMBA_KERNELS_SEGMENTS_SEGMENT_KERNELS_H_
#define LLAMBA_KERNELS_SEGMENTS_SEGMENT_KERNELS_H_

#include "kernels/kernels.h"

// Inside this room only: KernelTable::segments, one translation unit an
// instruction set with compiler flags of its own. Each may be called only where
// the machine has that instruction set.

namespace llamba::segments {

#if defined(__x86_64__)
const ArrangedProducts& Amx();
#endif

// The best ones beside the vector kernels that --isa calls `isa`; null where
// scales for 32 columns cost no more than longer ones.
const ArrangedProducts* For(const char* isa);

}  // namespace llamba::segments

#endif  // LLAMBA_KERNELS_SEGMENTS_SEGMENT_KERNELS_H_

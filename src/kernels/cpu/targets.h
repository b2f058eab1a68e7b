#ifndef LLAMBA_KERNELS_CPU_TARGETS_H_
#define LLAMBA_KERNELS_CPU_TARGETS_H_

// Include before any header of Highway: which targets are compiled, and how one
// is picked. We choose by our own table (cpu_kernels.cc), never by Highway's
// process-wide state, so that every target stays selectable beside the others.

// Accumulators stand in arrays, which vectors of unknown size cannot.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)

#include <cstddef>
#include <cstdint>

#include "hwy/targets.h"
#include "kernels/kernels.h"
#include "kernels/panels/panel_kernels.h"

namespace llamba::cpu {

// The entry of a HWY_EXPORT table for one target bit of HWY_TARGETS.
template <typename Function, size_t kSize>
Function PickTarget(const Function (&table)[kSize], int64_t target) {
  if (kSize == 1) return table[0];
  const int64_t mask = HWY_CHOSEN_TARGET_SHIFT(target);
  // The last entry is the plain C++ target, whose bit lies outside the range.
  return table[mask == 0 ? kSize - 1
                         : static_cast<size_t>(__builtin_ctzll(mask))];
}

// Each defined in the file of its op; `target` is a bit of HWY_TARGETS.
const ArrangedProducts* Float32For(int64_t target);
decltype(KernelTable::quantize_rows) QuantizeRowsFor(int64_t target,
                                                     panels::RowOrder order);
decltype(KernelTable::rms_norm) RmsNormFor(int64_t target);
decltype(KernelTable::gate) GateFor(int64_t target);
decltype(KernelTable::glu) GluFor(int64_t target);
decltype(KernelTable::rope) RopeFor(int64_t target);
decltype(KernelTable::conv1d) Conv1dFor(int64_t target);
decltype(KernelTable::scan) ScanFor(int64_t target);
decltype(KernelTable::attention) AttentionFor(int64_t target);

}  // namespace llamba::cpu

#endif  // LLAMBA_KERNELS_CPU_TARGETS_H_

#include <cstring>

#include "base/cpu_features.h"
#include "kernels/segments/segment_kernels.h"

namespace llamba::segments {

const ArrangedProducts* For(const char* isa) {
#if defined(__x86_64__)
  if (std::strcmp(isa, "amx") == 0 && GetCpuFeatures().amx_int8) return &Amx();
#endif
  static_cast<void>(isa);
  return nullptr;
}

}  // namespace llamba::segments

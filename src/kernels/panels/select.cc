#include <cstring>

#include "base/cpu_features.h"
#include "kernels/panels/panel_kernels.h"

namespace llamba::panels {

Kernels For(const char* isa) {
#if defined(__x86_64__)
  const CpuFeatures& cpu = GetCpuFeatures();
  if (std::strcmp(isa, "amx") == 0) return Amx();
  if (std::strcmp(isa, "avx512") == 0) {
    return cpu.avx512_vnni ? Avx512Vnni() : Avx2();
  }
  if (std::strcmp(isa, "avx2") == 0) return Avx2();
#endif
  static_cast<void>(isa);
  return Portable();
}

}  // namespace llamba::panels

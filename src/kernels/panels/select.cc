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
  if (std::strcmp(isa, "avxvnni") == 0) return AvxVnni();
  if (std::strcmp(isa, "avx2") == 0) return Avx2();
#elif defined(__aarch64__)
  if (std::strcmp(isa, "i8mm") == 0) return NeonI8mm();
  if (std::strcmp(isa, "dotprod") == 0) return NeonDotprod();
#endif
  static_cast<void>(isa);
  return Portable();
}

std::vector<ProductIsa> ProductIsas() {
  const CpuFeatures& cpu = GetCpuFeatures();
  std::vector<ProductIsa> isas;
  if (cpu.avx_vnni) isas.push_back({"avxvnni", "avx2"});
  if (cpu.amx_int8) isas.push_back({"amx", "avx512"});
  if (cpu.neon_dotprod) isas.push_back({"dotprod", "neon"});
  if (cpu.neon_i8mm) isas.push_back({"i8mm", "dotprod"});
  return isas;
}

}  // namespace llamba::panels

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

std::vector<const char*> ProductIsas(const char* vectors) {
  const CpuFeatures& cpu = GetCpuFeatures();
  std::vector<const char*> isas;
  const auto add = [&](bool has, const char* isa, const char* beside) {
    if (has && std::strcmp(vectors, beside) == 0) isas.push_back(isa);
  };
  add(cpu.amx_int8, "amx", "avx512");
  add(cpu.avx_vnni, "avxvnni", "avx2");
  add(cpu.neon_i8mm, "i8mm", "neon");
  add(cpu.neon_dotprod, "dotprod", "neon");
  return isas;
}

}  // namespace llamba::panels

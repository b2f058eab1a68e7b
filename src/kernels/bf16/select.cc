#include <cstring>

#include "base/cpu_features.h"
#include "kernels/bf16/bf16_kernels.h"

namespace llamba::bf16 {

const ArrangedProducts* For(const char* isa) {
#if defined(__x86_64__)
  const CpuFeatures& cpu = GetCpuFeatures();
  const bool amx = std::strcmp(isa, "amx") == 0;
  if (amx && cpu.amx_bf16 && cpu.avx512_bf16) return &Amx();
  const bool vectors = amx || std::strcmp(isa, "avx512") == 0;
  if (vectors && cpu.fast_avx512_bf16) return &Avx512();
#endif
  static_cast<void>(isa);
  return nullptr;
}

}  // namespace llamba::bf16

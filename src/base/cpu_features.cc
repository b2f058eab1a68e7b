#include "base/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace llamba {
namespace {

#if defined(__x86_64__)

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers CpuId(unsigned leaf, unsigned sub_leaf) {
  Registers r;
  if (__get_cpuid_count(leaf, sub_leaf, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) {
    return {};
  }
  return r;
}

bool Bit(unsigned word, int bit) { return (word >> bit & 1) != 0; }

// Which register states the operating system saves (XCR0).
uint64_t SavedStates() {
  constexpr int kOsXsave = 27;
  if (!Bit(CpuId(1, 0).ecx, kOsXsave)) return 0;
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | uint64_t{high} << 32;
}

bool HasStates(uint64_t saved, uint64_t mask) { return (saved & mask) == mask; }

bool IsAmd() {
  const Registers vendor = CpuId(0, 0);
  return vendor.ebx == 0x68747541 && vendor.edx == 0x69746e65 &&
         vendor.ecx == 0x444d4163;  // AuthenticAMD
}

// Tile data is large: Linux saves it only for processes that have asked.
bool MayUseTiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

CpuFeatures Detect() {
  constexpr uint64_t kAvx512States = 0xe6;  // SSE, AVX, masks and upper halves
  constexpr uint64_t kTileStates = 3 << 17;
  const uint64_t saved = SavedStates();
  const Registers seven = CpuId(7, 0);
  CpuFeatures cpu;
  constexpr uint64_t kAvxStates = 6;
  cpu.avx_vnni = HasStates(saved, kAvxStates) && Bit(seven.ebx, 5) &&
                 Bit(CpuId(1, 0).ecx, 12) && Bit(CpuId(7, 1).eax, 4);
  const bool avx512 = HasStates(saved, kAvx512States) &&  //
                      Bit(seven.ebx, 16) && Bit(seven.ebx, 17) &&
                      Bit(seven.ebx, 30) && Bit(seven.ebx, 31);
  cpu.avx512_vnni = avx512 && Bit(seven.ecx, 11);
  cpu.avx512_bf16 = avx512 && Bit(CpuId(7, 1).eax, 5);
  cpu.fast_avx512_bf16 = cpu.avx512_bf16 && IsAmd();
  const bool tiles = HasStates(saved, kTileStates) && Bit(seven.edx, 24) &&
                     cpu.avx512_vnni && MayUseTiles();
  cpu.amx_int8 = tiles && Bit(seven.edx, 25);
  cpu.amx_bf16 = tiles && Bit(seven.edx, 22);
  return cpu;
}

#elif defined(__aarch64__)

CpuFeatures Detect() {
  const unsigned long words[] = {getauxval(AT_HWCAP), getauxval(AT_HWCAP2)};
  CpuFeatures cpu;
  cpu.neon_dotprod = (words[0] & HWCAP_ASIMDDP) != 0;
  cpu.neon_i8mm = cpu.neon_dotprod && (words[1] & HWCAP2_I8MM) != 0;
  return cpu;
}

#else

CpuFeatures Detect() { return {}; }

#endif

}  // namespace

const CpuFeatures& GetCpuFeatures() {
  static const CpuFeatures features = Detect();
  return features;
}

}  // namespace llamba

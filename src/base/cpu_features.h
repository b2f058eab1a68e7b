#ifndef LLAMBA_BASE_CPU_FEATURES_H_
#define LLAMBA_BASE_CPU_FEATURES_H_

namespace llamba {

// Instruction sets beyond what the vector library's own check tells: the
// processor has them and the operating system keeps their registers. Those of
// other architectures are false.
struct CpuFeatures {
  bool avx_vnni = false;     // with AVX2 and FMA
  bool avx512_vnni = false;  // with AVX-512 F, BW, DQ and VL
  bool avx512_bf16 = false;  // the same
  // Twice as many products as in float32 (Zen 4 and on). Of Intel's processors
  // those since Cooper Lake make as many, Sapphire Rapids half as many.
  bool fast_avx512_bf16 = false;
  bool amx_int8 = false;  // with tiles that this process may use
  bool amx_bf16 = false;
  bool neon_dotprod = false;  // SDOT and UDOT
  bool neon_i8mm = false;     // SMMLA, with SDOT
};

// Asked once, then the same for the life of the process. The first call asks
// Linux for the use of tile registers, where there are any. Thread-safe.
const CpuFeatures& GetCpuFeatures();

}  // namespace llamba

#endif  // LLAMBA_BASE_CPU_FEATURES_H_

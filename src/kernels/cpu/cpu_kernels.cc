#include "kernels/cpu/cpu_kernels.h"

#include "kernels/cpu/targets.h"

namespace llamba::cpu {
namespace {

// What --isa calls a target.
const char* IsaName(int64_t target) {
  if (target == HWY_AVX3) return "avx512";
  if (target == HWY_AVX2) return "avx2";
  if (target == HWY_SSE4) return "sse4";
  if (target == HWY_SSSE3) return "ssse3";
  if (target == HWY_NEON) return "neon";
  if (target == HWY_WASM) return "wasm";
  return "generic";  // Highway's C++ target: any machine
}

}  // namespace

std::vector<KernelTable> Kernels() {
  std::vector<KernelTable> tables;
  // Lower bits are better targets. The plain one always runs, but Highway
  // reports it only where nothing else does.
  int64_t targets = HWY_TARGETS & (HWY_SUPPORTED_TARGETS | HWY_STATIC_TARGET);
  for (; targets != 0; targets &= targets - 1) {
    const int64_t target = targets & -targets;
    tables.push_back({
        .isa = IsaName(target),
        .matmul = MatMulFor(target),
        .rms_norm = RmsNormFor(target),
        .gate = GateFor(target),
        .glu = GluFor(target),
        .rope = RopeFor(target),
        .conv1d = Conv1dFor(target),
        .scan = ScanFor(target),
        .attention = AttentionFor(target),
    });
  }
  return tables;
}

}  // namespace llamba::cpu

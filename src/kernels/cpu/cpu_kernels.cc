#include "kernels/cpu/cpu_kernels.h"

#include "kernels/bf16/bf16_kernels.h"
#include "kernels/cpu/targets.h"
#include "kernels/panels/panel_kernels.h"
#include "kernels/segments/segment_kernels.h"

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

// The vector kernels of a target with the products of quantised and of BF16
// weights that --isa calls `isa`.
KernelTable TableOf(int64_t target, const char* isa) {
  const panels::Kernels products = panels::For(isa);
  return {
      .isa = isa,
      .float32 = Float32For(target),
      .bf16 = bf16::For(isa),
      .segments = segments::For(isa),
      .quantize_rows = QuantizeRowsFor(target, products.order),
      .matmul_panels = products.matmul,
      .rms_norm = RmsNormFor(target),
      .gate = GateFor(target),
      .glu = GluFor(target),
      .rope = RopeFor(target),
      .conv1d = Conv1dFor(target),
      .scan = ScanFor(target),
      .attention = AttentionFor(target),
      .integer_peak = products.peak,
  };
}

}  // namespace

std::vector<KernelTable> Kernels() {
  std::vector<KernelTable> tables;
  // Lower bits are better targets. The plain one always runs, but Highway
  // reports it only where nothing else does.
  int64_t targets = HWY_TARGETS & (HWY_SUPPORTED_TARGETS | HWY_STATIC_TARGET);
  for (; targets != 0; targets &= targets - 1) {
    const int64_t target = targets & -targets;
    const char* isa = IsaName(target);
    for (const char* products : panels::ProductIsas(isa)) {
      tables.push_back(TableOf(target, products));
    }
    tables.push_back(TableOf(target, isa));
  }
  return tables;
}

}  // namespace llamba::cpu

#include "kernels/cpu/cpu_kernels.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/targets.h"
#include "kernels/panels/panel_kernels.h"

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

// Before the table of its vectors, the same with products of its own.
void AddProducts(const panels::ProductIsa& isa,
                 std::vector<KernelTable>& tables) {
  const auto vectors =
      std::find_if(tables.begin(), tables.end(), [&](const KernelTable& table) {
        return std::strcmp(table.isa, isa.vectors) == 0;
      });
  if (vectors == tables.end()) return;
  const panels::Kernels products = panels::For(isa.name);
  KernelTable table = *vectors;
  table.isa = isa.name;
  if (products.quantize_rows != nullptr) {
    table.quantize_rows = products.quantize_rows;
  }
  table.matmul_panels = products.matmul;
  table.integer_peak = products.peak;
  tables.insert(vectors, table);
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
    const panels::Kernels panel_kernels = panels::For(isa);
    tables.push_back({
        .isa = isa,
        .matmul = MatMulFor(target),
        .quantize_rows = panel_kernels.quantize_rows != nullptr
                             ? panel_kernels.quantize_rows
                             : QuantizeRowsFor(target),
        .matmul_panels = panel_kernels.matmul,
        .rms_norm = RmsNormFor(target),
        .gate = GateFor(target),
        .glu = GluFor(target),
        .rope = RopeFor(target),
        .conv1d = Conv1dFor(target),
        .scan = ScanFor(target),
        .attention = AttentionFor(target),
        .float_peak = FloatPeakFor(target),
        .integer_peak = panel_kernels.peak,
    });
  }
  for (const panels::ProductIsa& isa : panels::ProductIsas()) {
    AddProducts(isa, tables);
  }
  return tables;
}

}  // namespace llamba::cpu

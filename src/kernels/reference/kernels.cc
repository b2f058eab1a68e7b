#include "kernels/kernels.h"

#include "kernels/reference/reference.h"

namespace llamba::reference {

const KernelTable& Kernels() {
  static constexpr KernelTable kTable = {
      .isa = "reference",
      .matmul = MatMul,
      .bf16 = nullptr,
      .quantize_rows = QuantizeRows,
      .matmul_panels = MatMulPanels,
      .rms_norm = RmsNorm,
      .gate = Gate,
      .glu = Glu,
      .rope = Rope,
      .conv1d = Conv1d,
      .scan = Scan,
      .attention = Attention,
      .float_peak = nullptr,
      .integer_peak = nullptr,
  };
  return kTable;
}

}  // namespace llamba::reference

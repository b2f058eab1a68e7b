#include "kernels/kernels.h"

#include <algorithm>

#include "kernels/reference/reference.h"

namespace llamba::reference {
namespace {

size_t ArrangedBytes(int64_t m, int64_t cols) {
  return static_cast<size_t>(m * cols) * sizeof(float);
}

// Row by row, without gaps.
void Arrange(const ArrangeArgs& args, int64_t m_begin, int64_t m_end) {
  auto* out = reinterpret_cast<float*>(args.out);
  for (int64_t m = m_begin; m < m_end; ++m) {
    std::copy_n(args.x + m * args.x_stride, args.cols, out + m * args.cols);
  }
}

void Multiply(const MatMulArgs& args, const std::byte* arranged, std::byte*,
              int64_t n_begin, int64_t n_end) {
  MatMulArgs in_order = args;
  in_order.x = reinterpret_cast<const float*>(arranged);
  in_order.x_stride = args.w.cols;
  MatMul(in_order, n_begin, n_end);
}

constexpr ArrangedProducts kFloat32 = {ArrangedBytes, Arrange, 0, Multiply,
                                       nullptr};

}  // namespace

const KernelTable& Kernels() {
  static constexpr KernelTable kTable = {
      .isa = "reference",
      .float32 = &kFloat32,
      .bf16 = nullptr,
      .segments = nullptr,
      .quantize_rows = QuantizeRows,
      .matmul_panels = MatMulPanels,
      .rms_norm = RmsNorm,
      .gate = Gate,
      .glu = Glu,
      .rope = Rope,
      .conv1d = Conv1d,
      .scan = Scan,
      .attention = Attention,
      .integer_peak = nullptr,
  };
  return kTable;
}

}  // namespace llamba::reference

#ifndef LLAMBA_KERNELS_REFERENCE_REFERENCE_H_
#define LLAMBA_KERNELS_REFERENCE_REFERENCE_H_

#include "kernels/kernels.h"

// The plain scalar kernels: the oracle for every faster one. Sums are kept in
// double and rounded to float32 once, where a result is stored; the recurrent
// state is stored, and so rounded, after each token. Contracts stand in
// kernels.h.

namespace llamba::reference {

void MatMul(const MatMulArgs& args, int64_t n_begin, int64_t n_end);
// MatMul with x rounded to bf16, as KernelTable::bf16 does.
void MatMulBf16(const MatMulArgs& args, int64_t n_begin, int64_t n_end);
void QuantizeRows(const QuantizeArgs& args, int64_t m_begin, int64_t m_end);
void MatMulPanels(const PanelMatMulArgs& args, int64_t p_begin, int64_t p_end);
// KernelTable::segments, bit for bit.
void MatMulSegments(const MatMulArgs& args, int64_t n_begin, int64_t n_end);
void RmsNorm(const RmsNormArgs& args, int64_t m_begin, int64_t m_end);
void Gate(const GateArgs& args, int64_t m_begin, int64_t m_end);
void Glu(const GluArgs& args, int64_t m_begin, int64_t m_end);
void Rope(const RopeArgs& args, int64_t m_begin, int64_t m_end);
void Conv1d(const Conv1dArgs& args, int64_t begin, int64_t end);
void Scan(const ScanArgs& args, int64_t begin, int64_t end);
void Attention(const AttentionArgs& args, int64_t head, int64_t t_begin,
               int64_t t_end);

// The activation functions of base/activation.h.
double Activate(Activation activation, double x);

// The dual form of the recurrence over chunks of `chunk` tokens (SPEC 2, "The
// same thing over many tokens at once"): decays as sums of logarithms, a
// quadratic part within the chunk, the carried state besides. Equal to Scan to
// rounding for every chunk length: a second oracle, for tests.
void ChunkedScan(const ScanArgs& args, int64_t chunk, int64_t begin,
                 int64_t end);

// The table of the above, "reference".
const KernelTable& Kernels();

}  // namespace llamba::reference

#endif  // LLAMBA_KERNELS_REFERENCE_REFERENCE_H_

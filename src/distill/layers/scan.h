#ifndef LLAMBA_DISTILL_LAYERS_SCAN_H_
#define LLAMBA_DISTILL_LAYERS_SCAN_H_

#include "distill/tensors.h"

namespace llamba::distill {

// What the recurrence of Discrete Mamba-2 reads (SPEC 2.3).
struct ScanInputs {
  Tensor x;          // (B, T, H, P)
  Tensor b;          // (B, T, G, N)
  Tensor c;          // (B, T, G, N)
  Tensor log_decay;  // (B, T, H): log sigmoid(-A_log); float32 (double in
                     // tests), and the type that all is computed in
  Tensor segments;   // (B, T) int32: the state starts anew with each document
};

// y (B, T, H, P) of S <- exp(log_decay) S + x B^T, y = S C, computed in the
// type of log_decay; y has the type of x. Chunk by chunk in the dual form,
// forward and backward; what is kept for the backward pass is the inputs and
// one state a chunk, so memory is linear in T. The result does not depend on
// `chunk` but for rounding.
Tensor ChunkedScan(const ScanInputs& inputs, int64_t chunk = 64);

// The mixing matrix of the same recurrence (B, H, T, T):
// M[t, s] = exp(c_t - c_s) (C_t . B_s) for s <= t in the same document, else 0.
// Differentiable; quadratic in T; `x` is not read.
Tensor ScanMatrix(const ScanInputs& inputs);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_LAYERS_SCAN_H_

#ifndef LLAMBA_DISTILL_KERNELS_FUSED_H_
#define LLAMBA_DISTILL_KERNELS_FUSED_H_

#include "distill/tensors.h"
#include "model/config.h"

// The layers' inner loops as one CUDA kernel each, differentiable. Every
// function here returns an undefined tensor (or false) where its kernel does
// not serve: on a CPU, for a type other than bfloat16 and float32, for a shape
// or a memory layout that it was not written for, or where the user switched it
// off. The caller then takes the way over libtorch's operations, which is the
// definition of what these compute.
//
// LLAMBA_NO_FUSED=1 switches all of them off; a list of names (norm, conv,
// gate, swiglu, scan, cross_entropy, adamw, attention, orientation) switches
// off these.
namespace llamba::distill {

#if defined(LLAMBA_CUDA)
inline constexpr bool kCudaKernels = true;
#else
// The functions below do not exist: call them behind `if constexpr`.
inline constexpr bool kCudaKernels = false;
#endif

enum class Kernel {
  kNorm,
  kConv,
  kGate,
  kSwiglu,
  kScan,
  kCrossEntropy,
  kAdamW,
  kAttention,
  kOrientation
};

// Whether `kernel` is switched on and `like` lies on a GPU in bfloat16 or
// float32. Throws Error for a name in LLAMBA_NO_FUSED that does not exist.
bool UseKernel(Kernel kernel, const Tensor& like);

// RmsNorm of layers.h.
Tensor TryRmsNorm(const Tensor& x, const Tensor& weight, double eps);

// The causal convolution over x (B, T, C) with its activation; x may be columns
// of a wider tensor.
Tensor TryConv(const Tensor& x, const Tensor& weight, const Tensor& bias,
               const Tensor& segments, Activation activation);

// y silu(z + z_bias), (B, T, d_inner); z may be columns of a wider tensor.
Tensor TryGate(const Tensor& y, const Tensor& z, const Tensor& z_bias);

// silu(gate) up.
Tensor TrySwiglu(const Tensor& gate, const Tensor& up, Activation activation);

// The recurrence with its skip, (B, T, d_inner), in bfloat16: xbc (B, T,
// channels) as the convolution leaves it, log_decay (B, T, H) float32, d (H).
Tensor TryScan(const Tensor& xbc, const Tensor& log_decay, const Tensor& d,
               const Tensor& segments, const SsmConfig& config);

// Of each pair of maps of stage 1 (layers/orientation.h), with W = (M - A) *
// decay in the running sums' type: what loss and gradients are made of.
struct OrientationSums {
  Tensor square;    // (B, H): of (M - A)^2
  Tensor diagonal;  // (B, H): of M - A on the diagonal
  Tensor d_b, d_c;  // (B, H, T, N): W^T C and W B
};

// The same in bfloat16, without a graph: b and c (B, T, G, N), `sums` (B, H, T)
// float32, d (H), q (scaled) and k (B, H, T, P). Each document is one run of
// tokens.
OrientationSums TryOrientation(const Tensor& b, const Tensor& c,
                               const Tensor& sums, const Tensor& d,
                               const Tensor& segments, const Tensor& q,
                               const Tensor& k);

// Cross-entropy of rows of logits: `student` becomes its own gradient, times
// `scale`; sums (rows, 3) float32 takes loss, teacher's entropy and agreement.
bool TryCrossEntropyRows(const Tensor& teacher, Tensor student, Tensor sums,
                         double temperature, double scale);

// Rotary attention within documents, without a graph: q (B, T, H P), k and v
// (B, T, H_kv P) as projected, of which q and k are turned in place. `starts`
// (documents + 1) int32 holds where each begins in the B T tokens, and the end.
Tensor TryAttention(Tensor q, Tensor k, const Tensor& v,
                    const AttentionConfig& config, const Tensor& cos,
                    const Tensor& sin, const Tensor& starts);

// x (rows, n_heads P), one token a row, turned in place by one position's cos
// and sin (P / 2).
bool TryRotate(Tensor x, int64_t n_heads, const Tensor& cos, const Tensor& sin);

// What the newest token of each row sees of a cache whose rows lie end to end:
// from entry first[r] on used[r] entries; first (rows + 1) and used (rows)
// int32, the last of first unread, longest at least the largest of used.
struct CacheSpans {
  Tensor first, used;
  int64_t longest = 0;
};

// Attention of one token a row, q (rows, H, P), over keys and values (rows,
// length, H_kv, P): (rows, H P).
Tensor TryCachedAttention(const Tensor& q, const Tensor& keys,
                          const Tensor& values, const CacheSpans& spans);

// One update of AdamW on flat float32 shards, see train/optimizer.h; gradients
// come out as zeros, `published` as the new weights in its own type.
struct AdamWNumbers {
  double gradient_scale, beta1, beta2, eps, learning_rate, weight_decay;
  int64_t n_updates, n_decayed;
};
bool TryAdamW(Tensor weights, Tensor gradients, Tensor first_moment,
              Tensor second_moment, Tensor published,
              const AdamWNumbers& numbers);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_KERNELS_FUSED_H_

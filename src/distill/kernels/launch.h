#ifndef LLAMBA_DISTILL_KERNELS_LAUNCH_H_
#define LLAMBA_DISTILL_KERNELS_LAUNCH_H_

#include <cuda_runtime_api.h>

#include <cstdint>

// The CUDA kernels as plain functions: pointers into device memory, sizes,
// strides in elements. They queue work on `stream` and return; a launch that
// fails returns its error. Letters of shapes are those of distill/tensors.h.
namespace llamba::distill::cuda {

// How activations and their gradients are stored; arithmetic is in float32.
enum class Storage { kFloat32, kBFloat16 };

// Rows of a matrix: `stride` elements from one to the next.
struct Rows {
  void* data = nullptr;
  int64_t stride = 0;
};
struct ConstRows {
  const void* data = nullptr;
  int64_t stride = 0;
};

// out[j] = sum over i of parts[i * n_columns + j], in `storage`: the second of
// the two stages in which gradients of weights are summed.
cudaError_t SumParts(const float* parts, int64_t n_parts, int64_t n_columns,
                     void* out, Storage storage, cudaStream_t stream);

// y = x rstd weight, rstd = 1 / sqrt(mean(x^2) + eps), kept for the way back.
// Reads and writes each element once: 2 n d elements.
struct NormShape {
  int64_t n_rows, d;
};
cudaError_t RmsNormForward(const void* x, const void* weight, void* y,
                           float* rstd, NormShape shape, float eps,
                           Storage storage, cudaStream_t stream);
// dx; reads x and dy, writes dx: 3 n d elements.
cudaError_t RmsNormBackward(const void* x, const void* weight, const void* dy,
                            const float* rstd, void* dx, NormShape shape,
                            Storage storage, cudaStream_t stream);
// parts (n_parts, d): sums of dy x rstd over a share of the rows each.
cudaError_t RmsNormWeightParts(const void* x, const void* dy, const float* rstd,
                               float* parts, int64_t n_parts, NormShape shape,
                               Storage storage, cudaStream_t stream);

// The depthwise causal convolution within documents, then identity or silu.
// y (B T, C) is contiguous, x need not be; taps (C, K) and bias (C) in storage.
struct ConvShape {
  int64_t batch, n_tokens, channels;
  int d_conv;
  bool silu;
};
constexpr int kMaxConv = 4;
// 2 B T C elements.
cudaError_t ConvForward(ConstRows x, const void* taps, const void* bias,
                        const int32_t* segments, void* y, ConvShape shape,
                        Storage storage, cudaStream_t stream);
// dx contiguous; parts (ConvParts(shape), C, K + 1): gradients of the taps and,
// last, of the bias. 3 B T C elements.
int64_t ConvParts(const ConvShape& shape);
cudaError_t ConvBackward(ConstRows x, const void* taps, const void* bias,
                         const int32_t* segments, const void* dy, void* dx,
                         float* parts, ConvShape shape, Storage storage,
                         cudaStream_t stream);

// out = y silu(z + z_bias), contiguous but for z; z_bias may be null.
// 3 n d elements.
cudaError_t GateForward(const void* y, ConstRows z, const void* z_bias,
                        void* out, NormShape shape, Storage storage,
                        cudaStream_t stream);
// parts (GateParts(n_rows), d): gradient of z_bias, or null. 5 n d elements.
int64_t GateParts(int64_t n_rows);
cudaError_t GateBackward(const void* y, ConstRows z, const void* z_bias,
                         const void* dout, void* dy, void* dz, float* parts,
                         NormShape shape, Storage storage, cudaStream_t stream);

// The same for a gated MLP: out = silu(gate) up, n elements each.
cudaError_t SwigluForward(const void* gate, const void* up, void* out,
                          int64_t n, Storage storage, cudaStream_t stream);
cudaError_t SwigluBackward(const void* gate, const void* up, const void* dout,
                           void* dgate, void* dup, int64_t n, Storage storage,
                           cudaStream_t stream);

// Whether the kernels below that walk a head's tiles know its shape.
bool HasHeadKernels(int head_dim, int d_state);

// The scan with its skip, y + D x, on bfloat16 (distill/layers/scan.h). xbc
// (B T, H P + 2 G N) holds x, B and C side by side; one block walks the chunks
// of one head, the state in registers, rounded to bfloat16 where a product
// reads it.
struct ScanShape {
  int64_t batch, n_tokens;
  int heads, groups, head_dim, d_state;
};
constexpr int kScanChunk = 64;
// y (B T, H P); states (B, H, C, N, P): those that enter each chunk, bfloat16,
// for the way back. Reads xbc once a head of a group, writes y and states.
cudaError_t ScanForward(const void* xbc, const float* log_decay, const void* d,
                        const int32_t* segments, void* y, void* states,
                        ScanShape shape, cudaStream_t stream);
// dx (B T, H P) with row stride dx.stride; db, dc (B T, H, N) a head each, with
// row strides; d_log (B T, H); d_skip (B, H): the gradient of D a sequence.
cudaError_t ScanBackward(const void* xbc, const float* log_decay, const void* d,
                         const int32_t* segments, const void* states,
                         const void* dy, Rows dx, Rows db, Rows dc,
                         float* d_log, float* d_skip, ScanShape shape,
                         cudaStream_t stream);

// What stage 1 wants of each of B H pairs of maps
// (distill/layers/orientation.h) in bfloat16: attention A = softmax(q k^T) and
// mixing matrix M = C B^T * decays
// + D, causal and within documents, each of which is one run of tokens. q and k
// (B, H, T, P) are contiguous; b and c hold (B T, G N).
struct OrientationShape {
  int64_t batch, n_tokens;
  int heads, groups, head_dim, d_state;
};
struct OrientationInputs {
  const void *q, *k;
  ConstRows b, c;
  const float* sums;  // (B, H, T): running sums of log decays
  const float* d;     // (H)
  const int32_t* segments;
};
struct OrientationOutputs {
  float* log_sums;  // (B, H, T): of the softmax, between the two passes
  float* dc;        // (B, H, T, N): W B, with W = (M - A) * decays
  float* db;        // W^T C
  float* parts;     // (B, H, OrientationParts, 2): over some rows each, sums of
                    // (M - A)^2, and of M - A on the diagonal
};
constexpr int kOrientationRows = 64;
int64_t OrientationParts(const OrientationShape& shape);
// Causal products of 2 P + N and P + 2 N multiply-adds a cell and twice two
// exponentials; neither map exists in memory.
cudaError_t Orientation(const OrientationInputs& in,
                        const OrientationOutputs& out,
                        const OrientationShape& shape, cudaStream_t stream);

// One row of logits a block: cross-entropy of softmax(student / temperature)
// against softmax(teacher / temperature). `student` becomes
// (softmax(student) - softmax(teacher)) * scale. sums (n_rows, 3): loss,
// entropy of the teacher, 1 where the largest logits are at the same place.
// Reads both twice (the second time from the cache), writes one.
cudaError_t CrossEntropyRows(const void* teacher, void* student, float* sums,
                             NormShape shape, float inverse_temperature,
                             float scale, Storage storage, cudaStream_t stream);

// One update of AdamW over n float32 elements of which the first n_decayed have
// weight decay; gradients are multiplied by `scale` first and cleared. The new
// weights also go to `published` in `storage`. 34 bytes an element.
struct AdamWStep {
  float scale, beta1, beta2, eps, step_size, inverse_sqrt_correction2, keep;
};
cudaError_t AdamW(float* weights, float* gradients, float* first_moment,
                  float* second_moment, void* published, int64_t n,
                  int64_t n_decayed, AdamWStep step, Storage storage,
                  cudaStream_t stream);

// x (n_tokens_total, n_heads, P) with row stride x.stride is turned in place by
// the angles of position (token % n_tokens): cos, sin (n_tokens, P / 2).
struct RotaryShape {
  int64_t n_rows, n_tokens;
  int n_heads, head_dim;
};
cudaError_t RotateInPlace(Rows x, const void* cos, const void* sin,
                          RotaryShape shape, Storage storage,
                          cudaStream_t stream);

}  // namespace llamba::distill::cuda

#endif  // LLAMBA_DISTILL_KERNELS_LAUNCH_H_

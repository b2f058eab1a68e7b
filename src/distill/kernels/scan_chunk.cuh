#ifndef LLAMBA_DISTILL_KERNELS_SCAN_CHUNK_CUH_
#define LLAMBA_DISTILL_KERNELS_SCAN_CHUNK_CUH_

#include "distill/kernels/mma.cuh"

// What the two passes of the scan share: where a head's rows lie, and the
// decays of one chunk (distill/layers/scan.cc has the equations).
namespace llamba::distill::cuda {

constexpr int kQ = kScanChunk;

struct Decays {
  float sum[kQ];         // running sums of log decays in the chunk
  float from_start[kQ];  // exp(sum), 0 past the entering state's document
  float to_end[kQ];      // exp(sum of the last - sum), 0 before its document
  int32_t segment[kQ];

  // exp(sum_t - sum_s), 0 unless s <= t in the same document.
  __device__ float Between(int t, int s) const {
    const bool reaches = s <= t && segment[s] == segment[t];
    return reaches ? __expf(sum[t] - sum[s]) : 0.0f;
  }
  __device__ float Carry() const { return from_start[kQ - 1]; }

  // By the first warp, two tokens a lane. Tokens past the end keep the state.
  __device__ void Load(const float* __restrict__ log_decay,
                       const int32_t* __restrict__ segments, int64_t row,
                       int64_t first, const ScanShape& shape, int head) {
    if (threadIdx.x >= 32) return;
    const int lane = threadIdx.x;
    float log[2];
    int32_t of[2];
    for (int k = 0; k < 2; ++k) {
      const int64_t t = first + lane * 2 + k;
      const bool valid = t < shape.n_tokens;
      log[k] = valid ? log_decay[(row + t) * shape.heads + head] : 0.0f;
      of[k] = segments[row + (valid ? t : shape.n_tokens - 1)];
    }
    float before = log[0] + log[1];  // becomes the sum over earlier lanes
    for (int step = 1; step < 32; step *= 2) {
      const float earlier = __shfl_up_sync(0xffffffffu, before, step);
      if (lane >= step) before += earlier;
    }
    const float end = __shfl_sync(0xffffffffu, before, 31);
    before = __shfl_up_sync(0xffffffffu, before, 1);
    if (lane == 0) before = 0;
    const int32_t last = __shfl_sync(0xffffffffu, of[1], 31);
    const int32_t entering = first == 0 ? -1 : segments[row + first - 1];
    for (int k = 0; k < 2; ++k) {
      before += log[k];
      const int t = lane * 2 + k;
      sum[t] = before;
      segment[t] = of[k];
      from_start[t] = of[k] == entering ? __expf(before) : 0.0f;
      to_end[t] = of[k] == last ? __expf(end - before) : 0.0f;
    }
  }
};

// Rows of x, B and C of one head of one sequence, in elements of xbc.
struct HeadRows {
  const Bf16 *x, *b, *c;
  int64_t stride;

  __device__ HeadRows(const Bf16* xbc, const ScanShape& shape, int64_t row,
                      int head) {
    const int64_t inner = int64_t{shape.heads} * shape.head_dim;
    const int64_t bc = int64_t{shape.groups} * shape.d_state;
    const int group = head / (shape.heads / shape.groups);
    stride = inner + 2 * bc;
    x = xbc + row * stride + int64_t{head} * shape.head_dim;
    b = xbc + row * stride + inner + int64_t{group} * shape.d_state;
    c = b + bc;
  }
};

__host__ __device__ inline int64_t NumChunks(const ScanShape& shape) {
  return (shape.n_tokens + kQ - 1) / kQ;
}

}  // namespace llamba::distill::cuda

#endif  // LLAMBA_DISTILL_KERNELS_SCAN_CHUNK_CUH_

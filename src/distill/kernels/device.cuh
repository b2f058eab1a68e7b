#ifndef LLAMBA_DISTILL_KERNELS_DEVICE_CUH_
#define LLAMBA_DISTILL_KERNELS_DEVICE_CUH_

#include <cuda_bf16.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "distill/kernels/launch.h"

// What the kernels share: four elements at a time in float32, sums over a warp
// and a block.
namespace llamba::distill::cuda {

using Bf16 = __nv_bfloat16;

struct Four {
  float v[4];
};

__device__ inline Four Load4(const float* from) {
  const float4 raw = *reinterpret_cast<const float4*>(from);
  return {{raw.x, raw.y, raw.z, raw.w}};
}
__device__ inline Four Load4(const Bf16* from) {
  const uint2 raw = *reinterpret_cast<const uint2*>(from);
  return {{__uint_as_float(raw.x << 16), __uint_as_float(raw.x & 0xffff0000u),
           __uint_as_float(raw.y << 16), __uint_as_float(raw.y & 0xffff0000u)}};
}
__device__ inline void Store4(float* to, const Four& f) {
  *reinterpret_cast<float4*>(to) = make_float4(f.v[0], f.v[1], f.v[2], f.v[3]);
}
__device__ inline void Store4(Bf16* to, const Four& f) {
  __nv_bfloat162 pair[2] = {__floats2bfloat162_rn(f.v[0], f.v[1]),
                            __floats2bfloat162_rn(f.v[2], f.v[3])};
  *reinterpret_cast<uint2*>(to) = *reinterpret_cast<const uint2*>(pair);
}

__device__ inline float ToFloat(float x) { return x; }
__device__ inline float ToFloat(Bf16 x) { return __bfloat162float(x); }
__device__ inline void Assign(float* to, float x) { *to = x; }
__device__ inline void Assign(Bf16* to, float x) { *to = __float2bfloat16(x); }

__device__ inline float Sigmoid(float x) { return 1.0f / (1.0f + __expf(-x)); }
__device__ inline float Silu(float x) { return x * Sigmoid(x); }
__device__ inline float SiluSlope(float x) {
  const float s = Sigmoid(x);
  return s * (1.0f + x * (1.0f - s));
}

__device__ inline float WarpSum(float x) {
  for (int step = 16; step > 0; step /= 2) {
    x += __shfl_xor_sync(0xffffffffu, x, step);
  }
  return x;
}

// Sums `sum` over the kWarps warps of a block (threadIdx.y) for each lane; the
// first warp stores it at `to`. Lanes of columns past `n_columns` store none.
template <int kWarps>
__device__ void StoreWarpsSum(Four sum, int64_t column, int64_t n_columns,
                              float* to) {
  __shared__ Four sums[kWarps][32];
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= n_columns) return;
  for (int w = 1; w < kWarps; ++w) {
    for (int k = 0; k < 4; ++k) sum.v[k] += sums[w][threadIdx.x].v[k];
  }
  Store4(to + column, sum);
}

inline int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Calls f with a null pointer of the storage's element type.
template <typename F>
cudaError_t WithStorage(Storage storage, F f) {
  if (storage == Storage::kBFloat16) {
    f(static_cast<Bf16*>(nullptr));
  } else {
    f(static_cast<float*>(nullptr));
  }
  return cudaGetLastError();
}

}  // namespace llamba::distill::cuda

#endif  // LLAMBA_DISTILL_KERNELS_DEVICE_CUH_

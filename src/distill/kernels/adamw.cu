#include "distill/kernels/device.cuh"

namespace llamba::distill::cuda {
namespace {

template <typename T>
__global__ void __launch_bounds__(256)
    AdamWKernel(float* __restrict__ weights, float* __restrict__ gradients,
                float* __restrict__ first_moment,
                float* __restrict__ second_moment, T* __restrict__ published,
                int64_t n, int64_t n_decayed, AdamWStep step) {
  for (int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * 4; i < n;
       i += int64_t{gridDim.x} * blockDim.x * 4) {
    Four w = Load4(weights + i), g = Load4(gradients + i),
         m = Load4(first_moment + i), v = Load4(second_moment + i);
    for (int k = 0; k < 4; ++k) {
      const float gradient = g.v[k] * step.scale;
      m.v[k] += (gradient - m.v[k]) * (1 - step.beta1);
      v.v[k] = v.v[k] * step.beta2 + gradient * gradient * (1 - step.beta2);
      if (i + k < n_decayed) w.v[k] *= step.keep;
      w.v[k] -= step.step_size * m.v[k] /
                (sqrtf(v.v[k]) * step.inverse_sqrt_correction2 + step.eps);
      g.v[k] = 0;
    }
    Store4(weights + i, w);
    Store4(gradients + i, g);
    Store4(first_moment + i, m);
    Store4(second_moment + i, v);
    Store4(published + i, w);
  }
}

}  // namespace

cudaError_t AdamW(float* weights, float* gradients, float* first_moment,
                  float* second_moment, void* published, int64_t n,
                  int64_t n_decayed, AdamWStep step, Storage storage,
                  cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const int64_t blocks = std::min<int64_t>(CeilDiv(n / 4, 256), 65536);
    AdamWKernel<<<blocks, 256, 0, stream>>>(
        weights, gradients, first_moment, second_moment,
        static_cast<T*>(published), n, n_decayed, step);
  });
}

}  // namespace llamba::distill::cuda

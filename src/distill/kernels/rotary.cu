#include "distill/kernels/device.cuh"

namespace llamba::distill::cuda {
namespace {

// Four angles of one head of one token a thread: (a, b) becomes
// (a cos - b sin, b cos + a sin), with b half a head behind a.
template <typename T>
__global__ void __launch_bounds__(256)
    RotaryKernel(T* __restrict__ x, int64_t stride, const T* __restrict__ cos,
                 const T* __restrict__ sin, RotaryShape shape) {
  const int half = shape.head_dim / 2;
  const int per_head = half / 4;
  const int64_t per_row = int64_t{shape.n_heads} * per_head;
  const int64_t n = shape.n_rows * per_row;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t row = i / per_row;
    const int within = static_cast<int>(i - row * per_row);
    const int head = within / per_head;
    const int angle = within % per_head * 4;
    T* at = x + row * stride + head * shape.head_dim + angle;
    const int64_t entry = row % shape.n_tokens * half + angle;
    Four a = Load4(at), b = Load4(at + half);
    const Four c = Load4(cos + entry), s = Load4(sin + entry);
    for (int k = 0; k < 4; ++k) {
      const float low = a.v[k], high = b.v[k];
      a.v[k] = low * c.v[k] - high * s.v[k];
      b.v[k] = high * c.v[k] + low * s.v[k];
    }
    Store4(at, a);
    Store4(at + half, b);
  }
}

}  // namespace

cudaError_t RotateInPlace(Rows x, const void* cos, const void* sin,
                          RotaryShape shape, Storage storage,
                          cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const int64_t n = shape.n_rows * shape.n_heads * shape.head_dim / 8;
    RotaryKernel<<<std::min<int64_t>(CeilDiv(n, 256), 65536), 256, 0, stream>>>(
        static_cast<T*>(x.data), x.stride, static_cast<const T*>(cos),
        static_cast<const T*>(sin), shape);
  });
}

}  // namespace llamba::distill::cuda

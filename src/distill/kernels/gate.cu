#include "distill/kernels/device.cuh"

namespace llamba::distill::cuda {
namespace {

constexpr int kWarps = 8;
constexpr int kRowsOfPart = 128;

template <typename T>
__global__ void __launch_bounds__(256)
    GateForwardKernel(const T* __restrict__ y, const T* __restrict__ z,
                      int64_t z_stride, const T* __restrict__ z_bias,
                      T* __restrict__ out, NormShape shape) {
  const int64_t per_row = shape.d / 4;
  const int64_t n = shape.n_rows * per_row;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int64_t row = i / per_row;
    const int64_t column = (i - row * per_row) * 4;
    Four f = Load4(y + row * shape.d + column);
    const Four g = Load4(z + row * z_stride + column);
    Four bias = {};
    if (z_bias != nullptr) bias = Load4(z_bias + column);
    for (int k = 0; k < 4; ++k) f.v[k] *= Silu(g.v[k] + bias.v[k]);
    Store4(out + row * shape.d + column, f);
  }
}

// A block takes kRowsOfPart rows of 128 columns.
template <typename T>
__global__ void __launch_bounds__(32 * kWarps)
    GateBackwardKernel(const T* __restrict__ y, const T* __restrict__ z,
                       int64_t z_stride, const T* __restrict__ z_bias,
                       const T* __restrict__ dout, T* __restrict__ dy,
                       T* __restrict__ dz, float* __restrict__ parts,
                       NormShape shape) {
  const int64_t column = (int64_t{blockIdx.x} * 32 + threadIdx.x) * 4;
  const int64_t first = int64_t{blockIdx.y} * kRowsOfPart;
  const int64_t last = min(first + kRowsOfPart, shape.n_rows);
  Four sum = {};
  if (column < shape.d) {
    Four bias = {};
    if (z_bias != nullptr) bias = Load4(z_bias + column);
    for (int64_t row = first + threadIdx.y; row < last; row += kWarps) {
      const int64_t at = row * shape.d + column;
      const Four f = Load4(y + at);
      const Four g = Load4(dout + at);
      Four in = Load4(z + row * z_stride + column);
      Four to_y, to_z;
      for (int k = 0; k < 4; ++k) {
        const float gate = in.v[k] + bias.v[k];
        to_y.v[k] = g.v[k] * Silu(gate);
        to_z.v[k] = g.v[k] * f.v[k] * SiluSlope(gate);
        sum.v[k] += to_z.v[k];
      }
      Store4(dy + at, to_y);
      Store4(dz + at, to_z);
    }
  }
  if (parts == nullptr) return;
  StoreWarpsSum<kWarps>(sum, column, shape.d,
                        parts + int64_t{blockIdx.y} * shape.d);
}

template <typename T>
__global__ void __launch_bounds__(256)
    SwigluForwardKernel(const T* __restrict__ gate, const T* __restrict__ up,
                        T* __restrict__ out, int64_t n) {
  for (int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * 4; i < n;
       i += int64_t{gridDim.x} * blockDim.x * 4) {
    Four f = Load4(gate + i);
    const Four u = Load4(up + i);
    for (int k = 0; k < 4; ++k) f.v[k] = Silu(f.v[k]) * u.v[k];
    Store4(out + i, f);
  }
}

template <typename T>
__global__ void __launch_bounds__(256)
    SwigluBackwardKernel(const T* __restrict__ gate, const T* __restrict__ up,
                         const T* __restrict__ dout, T* __restrict__ dgate,
                         T* __restrict__ dup, int64_t n) {
  for (int64_t i = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * 4; i < n;
       i += int64_t{gridDim.x} * blockDim.x * 4) {
    Four f = Load4(gate + i);
    Four u = Load4(up + i);
    const Four g = Load4(dout + i);
    for (int k = 0; k < 4; ++k) {
      const float value = f.v[k];
      f.v[k] = g.v[k] * u.v[k] * SiluSlope(value);
      u.v[k] = g.v[k] * Silu(value);
    }
    Store4(dgate + i, f);
    Store4(dup + i, u);
  }
}

int64_t Blocks(int64_t n_fours) {
  return std::min<int64_t>(CeilDiv(n_fours, 256), 65536);
}

}  // namespace

cudaError_t GateForward(const void* y, ConstRows z, const void* z_bias,
                        void* out, NormShape shape, Storage storage,
                        cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    GateForwardKernel<<<Blocks(shape.n_rows * shape.d / 4), 256, 0, stream>>>(
        static_cast<const T*>(y), static_cast<const T*>(z.data), z.stride,
        static_cast<const T*>(z_bias), static_cast<T*>(out), shape);
  });
}

int64_t GateParts(int64_t n_rows) { return CeilDiv(n_rows, kRowsOfPart); }

cudaError_t GateBackward(const void* y, ConstRows z, const void* z_bias,
                         const void* dout, void* dy, void* dz, float* parts,
                         NormShape shape, Storage storage,
                         cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const dim3 grid(CeilDiv(shape.d, 128), GateParts(shape.n_rows));
    GateBackwardKernel<<<grid, dim3(32, kWarps), 0, stream>>>(
        static_cast<const T*>(y), static_cast<const T*>(z.data), z.stride,
        static_cast<const T*>(z_bias), static_cast<const T*>(dout),
        static_cast<T*>(dy), static_cast<T*>(dz), parts, shape);
  });
}

cudaError_t SwigluForward(const void* gate, const void* up, void* out,
                          int64_t n, Storage storage, cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    SwigluForwardKernel<<<Blocks(n / 4), 256, 0, stream>>>(
        static_cast<const T*>(gate), static_cast<const T*>(up),
        static_cast<T*>(out), n);
  });
}

cudaError_t SwigluBackward(const void* gate, const void* up, const void* dout,
                           void* dgate, void* dup, int64_t n, Storage storage,
                           cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    SwigluBackwardKernel<<<Blocks(n / 4), 256, 0, stream>>>(
        static_cast<const T*>(gate), static_cast<const T*>(up),
        static_cast<const T*>(dout), static_cast<T*>(dgate),
        static_cast<T*>(dup), n);
  });
}

}  // namespace llamba::distill::cuda

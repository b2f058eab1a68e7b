#include "distill/kernels/device.cuh"

// One warp a row, four elements a lane at a time. A row is read twice, the
// second time from the cache.
namespace llamba::distill::cuda {
namespace {

constexpr int kWarps = 8;  // of a block

template <typename T>
__global__ void __launch_bounds__(32 * kWarps)
    NormForwardKernel(const T* __restrict__ x, const T* __restrict__ weight,
                      T* __restrict__ y, float* __restrict__ rstd,
                      NormShape shape, float eps) {
  const int lane = threadIdx.x;
  const int64_t row = int64_t{blockIdx.x} * kWarps + threadIdx.y;
  if (row >= shape.n_rows) return;
  const T* in = x + row * shape.d;
  float square = 0;
  for (int64_t i = lane * 4; i < shape.d; i += 128) {
    const Four f = Load4(in + i);
    for (int k = 0; k < 4; ++k) square += f.v[k] * f.v[k];
  }
  const float scale =
      rsqrtf(WarpSum(square) / static_cast<float>(shape.d) + eps);
  if (lane == 0) rstd[row] = scale;
  for (int64_t i = lane * 4; i < shape.d; i += 128) {
    Four f = Load4(in + i);
    const Four w = Load4(weight + i);
    for (int k = 0; k < 4; ++k) f.v[k] *= scale * w.v[k];
    Store4(y + row * shape.d + i, f);
  }
}

// dx = rstd (w dy - x rstd^2 mean(w dy x)).
template <typename T>
__global__ void __launch_bounds__(32 * kWarps)
    NormBackwardKernel(const T* __restrict__ x, const T* __restrict__ weight,
                       const T* __restrict__ dy, const float* __restrict__ rstd,
                       T* __restrict__ dx, NormShape shape) {
  const int lane = threadIdx.x;
  const int64_t row = int64_t{blockIdx.x} * kWarps + threadIdx.y;
  if (row >= shape.n_rows) return;
  const int64_t base = row * shape.d;
  float dot = 0;
  for (int64_t i = lane * 4; i < shape.d; i += 128) {
    const Four f = Load4(x + base + i);
    const Four g = Load4(dy + base + i);
    const Four w = Load4(weight + i);
    for (int k = 0; k < 4; ++k) dot += f.v[k] * g.v[k] * w.v[k];
  }
  const float scale = rstd[row];
  const float pull = WarpSum(dot) / static_cast<float>(shape.d) * scale * scale;
  for (int64_t i = lane * 4; i < shape.d; i += 128) {
    const Four f = Load4(x + base + i);
    Four g = Load4(dy + base + i);
    const Four w = Load4(weight + i);
    for (int k = 0; k < 4; ++k) {
      g.v[k] = scale * (g.v[k] * w.v[k] - f.v[k] * pull);
    }
    Store4(dx + base + i, g);
  }
}

// blockIdx.y takes every gridDim.y-th group of kWarps rows.
template <typename T>
__global__ void __launch_bounds__(32 * kWarps)
    NormWeightKernel(const T* __restrict__ x, const T* __restrict__ dy,
                     const float* __restrict__ rstd, float* __restrict__ parts,
                     NormShape shape) {
  const int64_t column = (int64_t{blockIdx.x} * 32 + threadIdx.x) * 4;
  Four sum = {};
  if (column < shape.d) {
    for (int64_t row = int64_t{blockIdx.y} * kWarps + threadIdx.y;
         row < shape.n_rows; row += int64_t{gridDim.y} * kWarps) {
      const Four f = Load4(x + row * shape.d + column);
      const Four g = Load4(dy + row * shape.d + column);
      const float scale = rstd[row];
      for (int k = 0; k < 4; ++k) sum.v[k] += f.v[k] * g.v[k] * scale;
    }
  }
  StoreWarpsSum<kWarps>(sum, column, shape.d,
                        parts + int64_t{blockIdx.y} * shape.d);
}

template <typename T>
__global__ void SumPartsKernel(const float* __restrict__ parts, int64_t n_parts,
                               int64_t n_columns, T* __restrict__ out) {
  __shared__ float sums[kWarps][32];
  const int64_t column = int64_t{blockIdx.x} * 32 + threadIdx.x;
  float sum = 0;
  if (column < n_columns) {
    for (int64_t i = threadIdx.y; i < n_parts; i += kWarps) {
      sum += parts[i * n_columns + column];
    }
  }
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= n_columns) return;
  for (int w = 1; w < kWarps; ++w) sum += sums[w][threadIdx.x];
  Assign(out + column, sum);
}

const dim3 kBlock(32, kWarps);

}  // namespace

cudaError_t SumParts(const float* parts, int64_t n_parts, int64_t n_columns,
                     void* out, Storage storage, cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    SumPartsKernel<<<CeilDiv(n_columns, 32), kBlock, 0, stream>>>(
        parts, n_parts, n_columns, static_cast<T*>(out));
  });
}

cudaError_t RmsNormForward(const void* x, const void* weight, void* y,
                           float* rstd, NormShape shape, float eps,
                           Storage storage, cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    NormForwardKernel<<<CeilDiv(shape.n_rows, kWarps), kBlock, 0, stream>>>(
        static_cast<const T*>(x), static_cast<const T*>(weight),
        static_cast<T*>(y), rstd, shape, eps);
  });
}

cudaError_t RmsNormBackward(const void* x, const void* weight, const void* dy,
                            const float* rstd, void* dx, NormShape shape,
                            Storage storage, cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    NormBackwardKernel<<<CeilDiv(shape.n_rows, kWarps), kBlock, 0, stream>>>(
        static_cast<const T*>(x), static_cast<const T*>(weight),
        static_cast<const T*>(dy), rstd, static_cast<T*>(dx), shape);
  });
}

cudaError_t RmsNormWeightParts(const void* x, const void* dy, const float* rstd,
                               float* parts, int64_t n_parts, NormShape shape,
                               Storage storage, cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const dim3 grid(CeilDiv(shape.d, 128), n_parts);
    NormWeightKernel<<<grid, kBlock, 0, stream>>>(static_cast<const T*>(x),
                                                  static_cast<const T*>(dy),
                                                  rstd, parts, shape);
  });
}

}  // namespace llamba::distill::cuda

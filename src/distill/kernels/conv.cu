#include "distill/kernels/device.cuh"

// A thread keeps four channels of a run of tokens: what the taps reach back to
// stays in registers. Tokens come some at a time, for one load after another
// would wait for memory each.
namespace llamba::distill::cuda {
namespace {

constexpr int kRun = 16;    // tokens of a thread
constexpr int kRuns = 8;    // of a block, one below the other
constexpr int kAtOnce = 4;  // tokens that are loaded together

// Four channels of all that one thread needs of taps and bias.
template <int K>
struct Taps {
  float w[K][4];  // w[back]: the tap that reads `back` tokens earlier
  Four bias;
};

template <int K, typename T>
__device__ Taps<K> LoadTaps(const T* taps, const T* bias, int64_t channel) {
  Taps<K> out;
  for (int back = 0; back < K; ++back) {
    for (int k = 0; k < 4; ++k) {
      out.w[back][k] = ToFloat(taps[(channel + k) * K + (K - 1 - back)]);
    }
  }
  out.bias = {};
  if (bias != nullptr) out.bias = Load4(bias + channel);
  return out;
}

// The last K tokens' inputs and segments: [0] is the newest. A segment of -1
// stands for no token.
template <int K>
struct Window {
  Four x[K];
  int32_t segment[K];

  __device__ void Clear() {
#pragma unroll
    for (int i = 0; i < K; ++i) {
      x[i] = {};
      segment[i] = -1;
    }
  }
  __device__ void Push(const Four& value, int32_t of) {
#pragma unroll
    for (int i = K - 1; i > 0; --i) {
      x[i] = x[i - 1];
      segment[i] = segment[i - 1];
    }
    x[0] = value;
    segment[0] = of;
  }
  __device__ Four Convolve(const Taps<K>& taps) const {
    Four sum = taps.bias;
#pragma unroll
    for (int back = 0; back < K; ++back) {
      if (segment[back] != segment[0]) continue;
      for (int k = 0; k < 4; ++k) {
        sum.v[k] += taps.w[back][k] * x[back].v[k];
      }
    }
    return sum;
  }
};

// Four channels of tokens [first, first + kAtOnce): zeros outside of [begin,
// end).
template <typename T>
__device__ void LoadTokens(const T* __restrict__ from, int64_t stride,
                           int64_t first, int64_t begin, int64_t end,
                           Four (&out)[kAtOnce]) {
#pragma unroll
  for (int i = 0; i < kAtOnce; ++i) {
    const int64_t t = first + i;
    out[i] = {};
    if (t >= begin && t < end) out[i] = Load4(from + t * stride);
  }
}
__device__ inline void LoadSegments(const int32_t* __restrict__ from,
                                    int64_t first, int64_t end,
                                    int32_t (&out)[kAtOnce]) {
#pragma unroll
  for (int i = 0; i < kAtOnce; ++i) {
    const int64_t t = first + i;
    out[i] = t >= 0 && t < end ? from[t] : -1;
  }
}

template <int K, typename T>
__global__ void __launch_bounds__(32 * kRuns)
    ConvForwardKernel(const T* __restrict__ x, int64_t x_stride,
                      const T* __restrict__ taps, const T* __restrict__ bias,
                      const int32_t* __restrict__ segments, T* __restrict__ y,
                      ConvShape shape) {
  const int64_t channel = (int64_t{blockIdx.x} * 32 + threadIdx.x) * 4;
  const int64_t first = (int64_t{blockIdx.y} * kRuns + threadIdx.y) * kRun;
  if (channel >= shape.channels || first >= shape.n_tokens) return;
  const int64_t row = int64_t{blockIdx.z} * shape.n_tokens;
  x += row * x_stride + channel;
  y += row * shape.channels + channel;
  segments += row;
  const Taps<K> weights = LoadTaps<K>(taps, bias, channel);
  Window<K> window;
  window.Clear();
  const int64_t last = min(first + kRun, shape.n_tokens);
  for (int64_t from = first - (K - 1); from < last; from += kAtOnce) {
    Four values[kAtOnce];
    int32_t of[kAtOnce];
    LoadTokens(x, x_stride, from, 0, last, values);
    LoadSegments(segments, from, last, of);
#pragma unroll
    for (int i = 0; i < kAtOnce; ++i) {
      const int64_t t = from + i;
      window.Push(values[i], of[i]);
      if (t < first || t >= last) continue;
      Four out = window.Convolve(weights);
      if (shape.silu) {
        for (int k = 0; k < 4; ++k) out.v[k] = Silu(out.v[k]);
      }
      Store4(y + t * shape.channels, out);
    }
  }
}

// Gradients of four channels of the taps and the bias.
template <int K>
struct TapSums {
  float v[K + 1][4];
};

// With g the gradient before the activation, dx[s] = sum over back of
// w[back] g[s + back]: a window over g follows the one over x.
template <int K>
struct BackwardRun {
  const Taps<K> weights;
  const int64_t first, end;  // the run's tokens
  const bool silu;
  TapSums<K> sums = {};
  Window<K> inputs, slopes;

  __device__ BackwardRun(const Taps<K>& taps, int64_t run, int64_t n_tokens,
                         bool with_silu)
      : weights(taps),
        first(run),
        end(min(run + kRun, n_tokens)),
        silu(with_silu) {
    inputs.Clear();
    slopes.Clear();
  }

  // Tokens follow each other, from K - 1 before the run to K - 1 behind it.
  __device__ void See(int64_t t, const Four& x, Four g, int32_t segment) {
    inputs.Push(x, segment);
    if (t < first) return;
    if (silu) {
      const Four before = inputs.Convolve(weights);
      for (int k = 0; k < 4; ++k) g.v[k] *= SiluSlope(before.v[k]);
    }
    slopes.Push(g, segment);
    if (t >= end) return;
#pragma unroll
    for (int back = 0; back < K; ++back) {
      if (inputs.segment[back] != segment) continue;
      for (int k = 0; k < 4; ++k) {
        sums.v[back][k] += g.v[k] * inputs.x[back].v[k];
      }
    }
    for (int k = 0; k < 4; ++k) sums.v[K][k] += g.v[k];
  }

  // dx of the token whose last tap has just been seen.
  __device__ Four InputGradient() const {
    Four out = {};
#pragma unroll
    for (int back = 0; back < K; ++back) {
      if (slopes.segment[K - 1 - back] != slopes.segment[K - 1]) continue;
      for (int k = 0; k < 4; ++k) {
        out.v[k] += weights.w[back][k] * slopes.x[K - 1 - back].v[k];
      }
    }
    return out;
  }
};

template <int K, typename T>
__global__ void __launch_bounds__(32 * kRuns, 2)
    ConvBackwardKernel(const T* __restrict__ x, int64_t x_stride,
                       const T* __restrict__ taps, const T* __restrict__ bias,
                       const int32_t* __restrict__ segments,
                       const T* __restrict__ dy, T* __restrict__ dx,
                       float* __restrict__ parts, ConvShape shape) {
  __shared__ float shared[kRuns][4 * (K + 1)][32];
  const int64_t channel = (int64_t{blockIdx.x} * 32 + threadIdx.x) * 4;
  const int64_t first = (int64_t{blockIdx.y} * kRuns + threadIdx.y) * kRun;
  TapSums<K> sums = {};
  if (channel < shape.channels && first < shape.n_tokens) {
    const int64_t row = int64_t{blockIdx.z} * shape.n_tokens;
    x += row * x_stride + channel;
    dy += row * shape.channels + channel;
    dx += row * shape.channels + channel;
    segments += row;
    BackwardRun<K> run(LoadTaps<K>(taps, bias, channel), first, shape.n_tokens,
                       shape.silu);
    const int64_t last = run.end + K - 1;
    const int64_t seen = min(last, shape.n_tokens);
    for (int64_t from = first - (K - 1); from < last; from += kAtOnce) {
      Four inputs[kAtOnce], slopes[kAtOnce];
      int32_t of[kAtOnce];
      LoadTokens(x, x_stride, from, 0, seen, inputs);
      LoadTokens(dy, shape.channels, from, first, seen, slopes);
      LoadSegments(segments, from, seen, of);
#pragma unroll
      for (int i = 0; i < kAtOnce; ++i) {
        run.See(from + i, inputs[i], slopes[i], of[i]);
        const int64_t s = from + i - (K - 1);
        if (s < first || s >= run.end) continue;
        Store4(dx + s * shape.channels, run.InputGradient());
      }
    }
    sums = run.sums;
  }
#pragma unroll
  for (int i = 0; i < 4 * (K + 1); ++i) {
    shared[threadIdx.y][i][threadIdx.x] = sums.v[i / 4][i % 4];
  }
  __syncthreads();
  if (channel >= shape.channels) return;
  const int64_t part = int64_t{blockIdx.z} * gridDim.y + blockIdx.y;
  for (int i = threadIdx.y; i < 4 * (K + 1); i += kRuns) {
    float sum = 0;
    for (int r = 0; r < kRuns; ++r) sum += shared[r][i][threadIdx.x];
    const int back = i / 4;  // K: the bias
    const int slot = back == K ? K : K - 1 - back;
    parts[(part * shape.channels + channel + i % 4) * (K + 1) + slot] = sum;
  }
}

dim3 Grid(const ConvShape& shape) {
  return dim3(CeilDiv(shape.channels, 128),
              CeilDiv(shape.n_tokens, kRun * kRuns), shape.batch);
}

const dim3 kBlock(32, kRuns);

template <int K>
cudaError_t Forward(ConstRows x, const void* taps, const void* bias,
                    const int32_t* segments, void* y, ConvShape shape,
                    Storage storage, cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    ConvForwardKernel<K><<<Grid(shape), kBlock, 0, stream>>>(
        static_cast<const T*>(x.data), x.stride, static_cast<const T*>(taps),
        static_cast<const T*>(bias), segments, static_cast<T*>(y), shape);
  });
}

template <int K>
cudaError_t Backward(ConstRows x, const void* taps, const void* bias,
                     const int32_t* segments, const void* dy, void* dx,
                     float* parts, ConvShape shape, Storage storage,
                     cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    ConvBackwardKernel<K><<<Grid(shape), kBlock, 0, stream>>>(
        static_cast<const T*>(x.data), x.stride, static_cast<const T*>(taps),
        static_cast<const T*>(bias), segments, static_cast<const T*>(dy),
        static_cast<T*>(dx), parts, shape);
  });
}

}  // namespace

cudaError_t ConvForward(ConstRows x, const void* taps, const void* bias,
                        const int32_t* segments, void* y, ConvShape shape,
                        Storage storage, cudaStream_t stream) {
  const auto run = shape.d_conv == 4   ? Forward<4>
                   : shape.d_conv == 3 ? Forward<3>
                                       : Forward<2>;
  return run(x, taps, bias, segments, y, shape, storage, stream);
}

int64_t ConvParts(const ConvShape& shape) {
  return shape.batch * CeilDiv(shape.n_tokens, kRun * kRuns);
}

cudaError_t ConvBackward(ConstRows x, const void* taps, const void* bias,
                         const int32_t* segments, const void* dy, void* dx,
                         float* parts, ConvShape shape, Storage storage,
                         cudaStream_t stream) {
  const auto run = shape.d_conv == 4   ? Backward<4>
                   : shape.d_conv == 3 ? Backward<3>
                                       : Backward<2>;
  return run(x, taps, bias, segments, dy, dx, parts, shape, storage, stream);
}

}  // namespace llamba::distill::cuda

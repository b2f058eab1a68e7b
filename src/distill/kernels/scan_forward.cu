#include "distill/kernels/scan_chunk.cuh"
#include "distill/kernels/shapes.cuh"

namespace llamba::distill::cuda {
namespace {

template <int P, int N>
struct ForwardMemory {
  struct Inputs {
    Bf16 b[kQ * Pitch(N)], c[kQ * Pitch(N)], x[kQ * Pitch(P)];
  };
  Inputs inputs[2];
  Bf16 state[N * Pitch(P)];
  Bf16 scores[kQ * Pitch(kQ)];
  Decays decays;
};

template <int P, int N>
__device__ void CopyInputs(typename ForwardMemory<P, N>::Inputs& to,
                           const HeadRows& rows, int64_t first,
                           int64_t n_tokens) {
  const int valid = static_cast<int>(min(n_tokens - first, int64_t{kQ}));
  CopyTile<kQ, N>(to.b, rows.b + first * rows.stride, rows.stride, valid);
  CopyTile<kQ, N>(to.c, rows.c + first * rows.stride, rows.stride, valid);
  CopyTile<kQ, P>(to.x, rows.x + first * rows.stride, rows.stride, valid);
}

// The entering state, kept for the way back.
template <int P, int N>
__device__ void StoreState(const Bf16* state, Bf16* to) {
  for (int i = threadIdx.x; i < N * P / 8; i += 32 * kMmaWarps) {
    const int row = i / (P / 8), column = i % (P / 8) * 8;
    *reinterpret_cast<uint4*>(to + row * P + column) =
        *reinterpret_cast<const uint4*>(state + row * Pitch(P) + column);
  }
}

// y of one chunk: (C B^T * decays) x + from_start C S + D x.
template <int P, int N>
__device__ void Outputs(ForwardMemory<P, N>& m,
                        const typename ForwardMemory<P, N>::Inputs& in,
                        float skip, Bf16* y, int64_t y_stride, int n_valid) {
  Product<kQ, kQ> products;
  products.Clear();
  products.template Add<N>(Operand<false>{in.c, Pitch(N)},
                           Operand<true>{in.b, Pitch(N)});
  products.ForPairs([&](int t, int s, float& a, float& b) {
    StorePair(m.scores + t * Pitch(kQ) + s, a * m.decays.Between(t, s),
              b * m.decays.Between(t, s + 1));
  });
  Product<kQ, P> out;
  out.Clear();
  out.template Add<N>(Operand<false>{in.c, Pitch(N)},
                      Operand<false>{m.state, Pitch(P)});
  out.ScaleRowsBy(m.decays.from_start);
  __syncthreads();
  out.template Add<kQ>(Operand<false>{m.scores, Pitch(kQ)},
                       Operand<false>{in.x, Pitch(P)});
  out.ForPairs([&](int t, int p, float& a, float& b) {
    if (t >= n_valid) return;
    const float2 x = LoadPair(in.x + t * Pitch(P) + p);
    StorePair(y + t * y_stride + p, a + skip * x.x, b + skip * x.y);
  });
}

template <int P, int N>
__global__ void __launch_bounds__(32 * kMmaWarps)
    ScanForwardKernel(const Bf16* __restrict__ xbc,
                      const float* __restrict__ log_decay,
                      const Bf16* __restrict__ d,
                      const int32_t* __restrict__ segments,
                      Bf16* __restrict__ y, Bf16* __restrict__ states,
                      ScanShape shape) {
  extern __shared__ __align__(16) unsigned char bytes[];
  auto& m = *reinterpret_cast<ForwardMemory<P, N>*>(bytes);
  const int head = blockIdx.x;
  const int64_t row = int64_t{blockIdx.y} * shape.n_tokens;
  const int64_t n_chunks = NumChunks(shape);
  const int64_t y_stride = int64_t{shape.heads} * P;
  const HeadRows rows(xbc, shape, row, head);
  const float skip = ToFloat(d[head]);
  y += row * y_stride + int64_t{head} * P;
  states +=
      (int64_t{blockIdx.y} * shape.heads + head) * n_chunks * int64_t{N * P};

  Product<N, P> state;
  state.Clear();
  CopyInputs<P, N>(m.inputs[0], rows, 0, shape.n_tokens);
  CommitCopies();
  for (int64_t i = 0; i < n_chunks; ++i) {
    const int64_t first = i * kQ;
    auto& in = m.inputs[i % 2];
    if (i + 1 < n_chunks) {
      CopyInputs<P, N>(m.inputs[(i + 1) % 2], rows, first + kQ, shape.n_tokens);
    }
    CommitCopies();
    m.decays.Load(log_decay, segments, row, first, shape, head);
    state.ForPairs([&](int n, int p, float& a, float& b) {
      StorePair(m.state + n * Pitch(P) + p, a, b);
    });
    WaitForCopies<1>();
    __syncthreads();

    StoreState<P, N>(m.state, states + i * int64_t{N * P});
    const int valid =
        static_cast<int>(min(shape.n_tokens - first, int64_t{kQ}));
    Outputs<P, N>(m, in, skip, y + first * y_stride, y_stride, valid);
    __syncthreads();
    ScaleRows<kQ, P>(in.x, m.decays.to_end);
    __syncthreads();
    const float carry = m.decays.Carry();
    state.ForPairs([&](int, int, float& a, float& b) {
      a *= carry;
      b *= carry;
    });
    state.template Add<kQ>(Operand<true>{in.b, Pitch(N)},
                           Operand<false>{in.x, Pitch(P)});
    __syncthreads();
  }
}

template <int P, int N>
cudaError_t Launch(const void* xbc, const float* log_decay, const void* d,
                   const int32_t* segments, void* y, void* states,
                   const ScanShape& shape, cudaStream_t stream) {
  constexpr int kBytes = sizeof(ForwardMemory<P, N>);
  const auto kernel = ScanForwardKernel<P, N>;
  const cudaError_t error = cudaFuncSetAttribute(
      kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  if (error != cudaSuccess) return error;
  kernel<<<dim3(shape.heads, shape.batch), 32 * kMmaWarps, kBytes, stream>>>(
      static_cast<const Bf16*>(xbc), log_decay, static_cast<const Bf16*>(d),
      segments, static_cast<Bf16*>(y), static_cast<Bf16*>(states), shape);
  return cudaGetLastError();
}

}  // namespace

bool HasHeadKernels(int head_dim, int d_state) {
  return WithShape(head_dim, d_state, [](auto) { return cudaSuccess; }) ==
         cudaSuccess;
}

cudaError_t ScanForward(const void* xbc, const float* log_decay, const void* d,
                        const int32_t* segments, void* y, void* states,
                        ScanShape shape, cudaStream_t stream) {
  return WithShape(shape.head_dim, shape.d_state, [&](auto s) {
    return Launch<s.kHeadDim, s.kDState>(xbc, log_decay, d, segments, y, states,
                                         shape, stream);
  });
}

}  // namespace llamba::distill::cuda

#include "distill/kernels/scan_chunk.cuh"
#include "distill/kernels/shapes.cuh"

// The chunks from last to first; the gradient of the state that leaves a chunk
// is in registers, rounded to bfloat16 where a product reads it.
namespace llamba::distill::cuda {
namespace {

template <int P, int N>
struct BackwardMemory {
  struct Inputs {
    Bf16 b[kQ * Pitch(N)], c[kQ * Pitch(N)], x[kQ * Pitch(P)],
        dy[kQ * Pitch(P)], state[N * Pitch(P)];
  };
  Inputs inputs[2];
  Bf16 leaving[N * Pitch(P)];       // gradient of the state that leaves
  Bf16 scores[kQ * Pitch(kQ)];      // C B^T * decays
  Bf16 d_products[kQ * Pitch(kQ)];  // dy x^T * decays
  Decays decays;
  // Parts of the gradient of the running sums, a row a group of warps.
  float pair_rows[2 * kQ], pair_columns[4 * kQ], read[2 * kQ], written[2 * kQ];
  float carried[kMmaWarps];
};

struct BackwardArguments {
  const Bf16* xbc;
  const float* log_decay;
  const Bf16* d;
  const int32_t* segments;
  const Bf16* states;
  const Bf16* dy;
  Rows dx, db, dc;
  float *d_log, *d_skip;
  ScanShape shape;
};

template <int P, int N>
__device__ void CopyInputs(typename BackwardMemory<P, N>::Inputs& to,
                           const HeadRows& rows, const Bf16* dy,
                           int64_t dy_stride, const Bf16* states, int64_t chunk,
                           int64_t n_tokens) {
  const int64_t first = chunk * kQ;
  const int valid = static_cast<int>(min(n_tokens - first, int64_t{kQ}));
  CopyTile<kQ, N>(to.b, rows.b + first * rows.stride, rows.stride, valid);
  CopyTile<kQ, N>(to.c, rows.c + first * rows.stride, rows.stride, valid);
  CopyTile<kQ, P>(to.x, rows.x + first * rows.stride, rows.stride, valid);
  CopyTile<kQ, P>(to.dy, dy + first * dy_stride, dy_stride, valid);
  CopyTile<N, P>(to.state, states + chunk * int64_t{N * P}, P, N);
}

// Scores and their gradients; returns this thread's part of sum(dy * x).
template <int P, int N>
__device__ float Pairs(BackwardMemory<P, N>& m,
                       const typename BackwardMemory<P, N>::Inputs& in) {
  Product<kQ, kQ> products, d_scores;
  products.Clear();
  products.template Add<N>(Operand<false>{in.c, Pitch(N)},
                           Operand<true>{in.b, Pitch(N)});
  d_scores.Clear();
  d_scores.template Add<P>(Operand<false>{in.dy, Pitch(P)},
                           Operand<true>{in.x, Pitch(P)});
  float diagonal = 0;
  products.ForPairsWith(
      d_scores, [&](int t, int s, float& a, float& b, float& da, float& db) {
        if (t == s) diagonal += da;
        if (t == s + 1) diagonal += db;  // db is at (t, s + 1)
        const float near = m.decays.Between(t, s);
        const float far = m.decays.Between(t, s + 1);
        StorePair(m.scores + t * Pitch(kQ) + s, a * near, b * far);
        StorePair(m.d_products + t * Pitch(kQ) + s, da * near, db * far);
        a *= da * near;
        b *= db * far;
      });
  products.RowSums(m.pair_rows,
                   [](int, int, float a, float b) { return a + b; });
  products.ColumnSums(m.pair_columns);
  return diagonal;
}

template <int P, int N>
__device__ void InputGradient(BackwardMemory<P, N>& m,
                              const typename BackwardMemory<P, N>::Inputs& in,
                              float skip, Bf16* to, int64_t stride,
                              int n_valid) {
  Product<kQ, P> dx;
  dx.Clear();
  dx.template Add<N>(Operand<false>{in.b, Pitch(N)},
                     Operand<false>{m.leaving, Pitch(P)});
  dx.ScaleRowsBy(m.decays.to_end);
  dx.RowSums(m.written, [&](int s, int p, float a, float b) {
    const float2 x = LoadPair(in.x + s * Pitch(P) + p);
    return a * x.x + b * x.y;
  });
  dx.template Add<kQ>(Operand<true>{m.scores, Pitch(kQ)},
                      Operand<false>{in.dy, Pitch(P)});
  dx.ForPairs([&](int s, int p, float& a, float& b) {
    if (s >= n_valid) return;
    const float2 dy = LoadPair(in.dy + s * Pitch(P) + p);
    StorePair(to + s * stride + p, a + skip * dy.x, b + skip * dy.y);
  });
}

template <int P, int N>
__device__ void ReadGradient(BackwardMemory<P, N>& m,
                             const typename BackwardMemory<P, N>::Inputs& in,
                             Bf16* to, int64_t stride, int n_valid) {
  Product<kQ, N> dc;
  dc.Clear();
  dc.template Add<P>(Operand<false>{in.dy, Pitch(P)},
                     Operand<true>{in.state, Pitch(P)});
  dc.ScaleRowsBy(m.decays.from_start);
  dc.RowSums(m.read, [&](int t, int n, float a, float b) {
    const float2 c = LoadPair(in.c + t * Pitch(N) + n);
    return a * c.x + b * c.y;
  });
  dc.template Add<kQ>(Operand<false>{m.d_products, Pitch(kQ)},
                      Operand<false>{in.b, Pitch(N)});
  dc.ForPairs([&](int t, int n, float& a, float& b) {
    if (t < n_valid) StorePair(to + t * stride + n, a, b);
  });
}

template <int P, int N>
__device__ void WriteGradient(BackwardMemory<P, N>& m,
                              const typename BackwardMemory<P, N>::Inputs& in,
                              Bf16* to, int64_t stride, int n_valid) {
  Product<kQ, N> db;
  db.Clear();
  db.template Add<P>(Operand<false>{in.x, Pitch(P)},
                     Operand<true>{m.leaving, Pitch(P)});
  db.ScaleRowsBy(m.decays.to_end);
  db.template Add<kQ>(Operand<true>{m.d_products, Pitch(kQ)},
                      Operand<false>{in.c, Pitch(N)});
  db.ForPairs([&](int s, int n, float& a, float& b) {
    if (s < n_valid) StorePair(to + s * stride + n, a, b);
  });
}

// By the first warp, two tokens a lane: the gradient of a log decay is the sum
// of those of the running sums from it on.
template <int P, int N>
__device__ void LogGradient(const BackwardMemory<P, N>& m, float* to,
                            int stride, int n_valid) {
  if (threadIdx.x >= 32) return;
  const int lane = threadIdx.x;
  float own[2], all_written = 0;
  for (int k = 0; k < 2; ++k) {
    const int t = lane * 2 + k;
    const float written = m.written[t] + m.written[kQ + t];
    float columns = 0;
    for (int w = 0; w < 4; ++w) columns += m.pair_columns[w * kQ + t];
    own[k] = m.pair_rows[t] + m.pair_rows[kQ + t] - columns + m.read[t] +
             m.read[kQ + t] - written;
    all_written += written;
  }
  all_written = WarpSum(all_written);
  float carried = 0;
  for (int w = 0; w < kMmaWarps; ++w) carried += m.carried[w];
  if (lane == 31) own[1] += all_written + carried * m.decays.Carry();
  float from_here = own[0] + own[1];  // over this lane and all later
  for (int step = 1; step < 32; step *= 2) {
    const float later = __shfl_down_sync(0xffffffffu, from_here, step);
    if (lane + step < 32) from_here += later;
  }
  if (lane * 2 < n_valid) to[lane * 2 * int64_t{stride}] = from_here;
  if (lane * 2 + 1 < n_valid) {
    to[(lane * 2 + 1) * int64_t{stride}] = from_here - own[0];
  }
}

// One chunk but for the gradient that goes on to the chunk before; returns this
// thread's part of sum(dy * x).
template <int P, int N>
__device__ float ChunkGradients(BackwardMemory<P, N>& m,
                                typename BackwardMemory<P, N>::Inputs& in,
                                Product<N, P>& leaving,
                                const BackwardArguments& k, int head,
                                int64_t row, float skip, int n_valid) {
  float carried = 0;
  leaving.ForPairs([&](int n, int p, float& a, float& b) {
    const float2 state = LoadPair(in.state + n * Pitch(P) + p);
    carried += a * state.x + b * state.y;
  });
  carried = WarpSum(carried);
  if (threadIdx.x % 32 == 0) m.carried[threadIdx.x / 32] = carried;
  const float diagonal = Pairs<P, N>(m, in);
  __syncthreads();
  const auto at = [&](const Rows& rows, int width) {
    return static_cast<Bf16*>(rows.data) + row * rows.stride +
           int64_t{head} * width;
  };
  InputGradient<P, N>(m, in, skip, at(k.dx, P), k.dx.stride, n_valid);
  ReadGradient<P, N>(m, in, at(k.dc, N), k.dc.stride, n_valid);
  WriteGradient<P, N>(m, in, at(k.db, N), k.db.stride, n_valid);
  __syncthreads();
  LogGradient<P, N>(m, k.d_log + row * k.shape.heads + head, k.shape.heads,
                    n_valid);
  ScaleRows<kQ, P>(in.dy, m.decays.from_start);
  __syncthreads();
  return diagonal;
}

template <int P, int N>
__global__ void __launch_bounds__(32 * kMmaWarps)
    ScanBackwardKernel(BackwardArguments k) {
  extern __shared__ __align__(16) unsigned char bytes[];
  auto& m = *reinterpret_cast<BackwardMemory<P, N>*>(bytes);
  const ScanShape& shape = k.shape;
  const int head = blockIdx.x;
  const int64_t row = int64_t{blockIdx.y} * shape.n_tokens;
  const int64_t n_chunks = NumChunks(shape);
  const HeadRows rows(k.xbc, shape, row, head);
  const int64_t dy_stride = int64_t{shape.heads} * P;
  const Bf16* dy = k.dy + row * dy_stride + int64_t{head} * P;
  const int64_t pair = int64_t{blockIdx.y} * shape.heads + head;
  const Bf16* states = k.states + pair * n_chunks * int64_t{N * P};
  const float skip = ToFloat(k.d[head]);

  Product<N, P> leaving;
  leaving.Clear();
  float diagonal = 0;
  const auto copy = [&](int64_t chunk) {
    if (chunk >= 0) {
      CopyInputs<P, N>(m.inputs[chunk % 2], rows, dy, dy_stride, states, chunk,
                       shape.n_tokens);
    }
    CommitCopies();
  };
  copy(n_chunks - 1);
  for (int64_t i = n_chunks - 1; i >= 0; --i) {
    const int64_t first = i * kQ;
    auto& in = m.inputs[i % 2];
    copy(i - 1);
    m.decays.Load(k.log_decay, k.segments, row, first, shape, head);
    leaving.ForPairs([&](int n, int p, float& a, float& b) {
      StorePair(m.leaving + n * Pitch(P) + p, a, b);
    });
    WaitForCopies<1>();
    __syncthreads();

    const int valid =
        static_cast<int>(min(shape.n_tokens - first, int64_t{kQ}));
    diagonal +=
        ChunkGradients<P, N>(m, in, leaving, k, head, row + first, skip, valid);
    const float carry = m.decays.Carry();
    leaving.ForPairs([&](int, int, float& a, float& b) {
      a *= carry;
      b *= carry;
    });
    leaving.template Add<kQ>(Operand<true>{in.c, Pitch(N)},
                             Operand<false>{in.dy, Pitch(P)});
    __syncthreads();
  }
  diagonal = WarpSum(diagonal);
  if (threadIdx.x % 32 == 0) m.carried[threadIdx.x / 32] = diagonal;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (int w = 1; w < kMmaWarps; ++w) diagonal += m.carried[w];
  k.d_skip[pair] = diagonal;
}

template <int P, int N>
cudaError_t Launch(const BackwardArguments& arguments, cudaStream_t stream) {
  constexpr int kBytes = sizeof(BackwardMemory<P, N>);
  const auto kernel = ScanBackwardKernel<P, N>;
  const cudaError_t error = cudaFuncSetAttribute(
      kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  if (error != cudaSuccess) return error;
  const ScanShape& shape = arguments.shape;
  kernel<<<dim3(shape.heads, shape.batch), 32 * kMmaWarps, kBytes, stream>>>(
      arguments);
  return cudaGetLastError();
}

}  // namespace

cudaError_t ScanBackward(const void* xbc, const float* log_decay, const void* d,
                         const int32_t* segments, const void* states,
                         const void* dy, Rows dx, Rows db, Rows dc,
                         float* d_log, float* d_skip, ScanShape shape,
                         cudaStream_t stream) {
  const BackwardArguments arguments{static_cast<const Bf16*>(xbc),
                                    log_decay,
                                    static_cast<const Bf16*>(d),
                                    segments,
                                    static_cast<const Bf16*>(states),
                                    static_cast<const Bf16*>(dy),
                                    dx,
                                    db,
                                    dc,
                                    d_log,
                                    d_skip,
                                    shape};
  return WithShape(shape.head_dim, shape.d_state, [&](auto s) {
    return Launch<s.kHeadDim, s.kDState>(arguments, stream);
  });
}

}  // namespace llamba::distill::cuda

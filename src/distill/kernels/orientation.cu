#include "distill/kernels/mma.cuh"
#include "distill/kernels/shapes.cuh"

// Both maps in tiles of 64 x 64, which are made twice: by their rows, whose
// products with B are the gradient of C, and by their columns, whose products
// with C are that of B. (distill/layers/orientation.cc has the equations.)
namespace llamba::distill::cuda {
namespace {

constexpr int kTile = kOrientationRows;
using Cells = Product<kTile, kTile>;

// What lies along one side of a tile.
template <int P, int N>
struct Side {
  Bf16 attention[kTile * Pitch(P)];  // q or k
  Bf16 mixing[kTile * Pitch(N)];     // C or B
  float sum[kTile];                  // running sums of log decays
  int32_t segment[kTile];
};

template <int P, int N>
struct Memory {
  Side<P, N> rows, columns;
  Bf16 weights[kTile * Pitch(kTile)];
  float log_sums[kTile];  // of the rows' softmax
  float partial[4 * kTile];
};

// One map of one sequence.
struct Head {
  const Bf16 *q, *k, *b, *c;
  int64_t b_stride, c_stride;
  const float* sums;
  const int32_t* segments;
  int64_t at;  // its first token among those of all maps
  int n_tokens;
  float d;

  __device__ Head(const OrientationInputs& in, const OrientationShape& shape)
      : b_stride(in.b.stride), c_stride(in.c.stride) {
    const int head = blockIdx.y;
    const int group = head / (shape.heads / shape.groups);
    const int64_t first = int64_t{blockIdx.z} * shape.n_tokens;
    const int64_t column = int64_t{group} * shape.d_state;
    n_tokens = static_cast<int>(shape.n_tokens);
    at = (int64_t{blockIdx.z} * shape.heads + head) * n_tokens;
    q = static_cast<const Bf16*>(in.q) + at * shape.head_dim;
    k = static_cast<const Bf16*>(in.k) + at * shape.head_dim;
    b = static_cast<const Bf16*>(in.b.data) + first * b_stride + column;
    c = static_cast<const Bf16*>(in.c.data) + first * c_stride + column;
    sums = in.sums + at;
    segments = in.segments + first;
    d = in.d[head];
  }

  __device__ int NumTiles() const { return (n_tokens + kTile - 1) / kTile; }
  // Whether a document reaches from an earlier tile into a later one; then it
  // fills all tiles between.
  __device__ bool Meet(int earlier, int later) const {
    return earlier == later ||
           segments[earlier * kTile + kTile - 1] == segments[later * kTile];
  }
};

template <int P, int N>
__device__ void LoadSide(Side<P, N>& to, const Head& head,
                         const Bf16* attention, const Bf16* mixing,
                         int64_t stride, int tile, int32_t no_segment) {
  const int first = tile * kTile;
  const int valid = min(head.n_tokens - first, kTile);
  CopyTile<kTile, P>(to.attention, attention + int64_t{first} * P, P, valid);
  CopyTile<kTile, N>(to.mixing, mixing + first * stride, stride, valid);
  CommitCopies();
  const int i = threadIdx.x;
  if (i < kTile) {
    to.sum[i] = i < valid ? head.sums[first + i] : 0.0f;
    to.segment[i] = i < valid ? head.segments[first + i] : no_segment;
  }
}
// Past the end rows and columns have segments of their own: none sees another.
template <int P, int N>
__device__ void LoadRows(Memory<P, N>& m, const Head& head, int tile) {
  LoadSide<P, N>(m.rows, head, head.q, head.c, head.c_stride, tile, -1);
}
template <int P, int N>
__device__ void LoadColumns(Memory<P, N>& m, const Head& head, int tile) {
  LoadSide<P, N>(m.columns, head, head.k, head.b, head.b_stride, tile, -2);
}
__device__ void Loaded() {
  WaitForCopies<0>();
  __syncthreads();
}

// Whether row t of the tile sees column s, with `ahead` tokens from the first
// column to the first row.
template <int P, int N>
__device__ bool Sees(const Memory<P, N>& m, int ahead, int t, int s) {
  return s <= t + ahead && m.rows.segment[t] == m.columns.segment[s];
}

template <int P, int N>
__device__ void Scores(const Memory<P, N>& m, Cells& scores) {
  scores.Clear();
  scores.template Add<P>(Operand<false>{m.rows.attention, Pitch(P)},
                         Operand<true>{m.columns.attention, Pitch(P)});
}

// A thread's part of the softmax's sums: of each of its rows the largest score
// and the sum of exp(score - largest) over its columns.
struct SoftmaxSums {
  static constexpr int kRows = Cells::kRows * 2;
  float largest[kRows], sum[kRows];

  static __device__ int Row(int i) {
    return Cells::FirstRow() + i * 8 + threadIdx.x % 32 / 4;
  }
  static __device__ int Column(int j, int k) {
    return Cells::FirstColumn() + j * 8 + threadIdx.x % 4 * 2 + k;
  }

  __device__ void Clear() {
    for (int i = 0; i < kRows; ++i) largest[i] = -INFINITY, sum[i] = 0;
  }

  template <typename Seen>
  __device__ void Add(const Cells& scores, Seen seen) {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
      float values[Cells::kColumns * 2];
      float top = largest[i];
#pragma unroll
      for (int j = 0; j < Cells::kColumns * 2; ++j) {
        const bool is_seen = seen(Row(i), Column(j / 2, j % 2));
        const float score = scores.c[i / 2][j / 2][i % 2 * 2 + j % 2];
        values[j] = is_seen ? score : -INFINITY;
        top = fmaxf(top, values[j]);
      }
      if (top == -INFINITY) continue;
      float total = sum[i] * __expf(largest[i] - top);
#pragma unroll
      for (int j = 0; j < Cells::kColumns * 2; ++j) {
        total += __expf(values[j] - top);
      }
      sum[i] = total;
      largest[i] = top;
    }
  }

  // largest + log(sum) of whole rows; `partial` has 4 kTile floats.
  __device__ void Finish(float* partial, float* log_sums) {
    static_assert(Cells::kWarpsAcross == 2);
    float* mine = partial + Cells::WarpAcross() * 2 * kTile;
    for (int i = 0; i < kRows; ++i) {
      for (int step = 1; step < 4; step *= 2) {
        Join(i, __shfl_xor_sync(0xffffffffu, largest[i], step),
             __shfl_xor_sync(0xffffffffu, sum[i], step));
      }
      if (threadIdx.x % 4 == 0) {
        mine[Row(i)] = largest[i];
        mine[kTile + Row(i)] = sum[i];
      }
    }
    __syncthreads();
    const int t = threadIdx.x;
    if (t < kTile) {
      largest[0] = partial[t];
      sum[0] = partial[kTile + t];
      Join(0, partial[2 * kTile + t], partial[3 * kTile + t]);
      log_sums[t] = sum[0] > 0 ? largest[0] + __logf(sum[0]) : 0.0f;
    }
    __syncthreads();
  }

 private:
  __device__ void Join(int i, float other_largest, float other_sum) {
    const float top = fmaxf(largest[i], other_largest);
    if (top == -INFINITY) return;
    sum[i] = sum[i] * __expf(largest[i] - top) +
             other_sum * __expf(other_largest - top);
    largest[i] = top;
  }
};

struct Sums {
  float square = 0, diagonal = 0;
};

// m.weights = (M - A) * decay; a thread's sums of (M - A)^2 and of M - A on the
// diagonal.
template <int P, int N>
__device__ Sums Weights(Memory<P, N>& m, int ahead, float d) {
  Cells scores, mixing;
  Scores(m, scores);
  mixing.Clear();
  mixing.template Add<N>(Operand<false>{m.rows.mixing, Pitch(N)},
                         Operand<true>{m.columns.mixing, Pitch(N)});
  Sums sums;
  const auto weight = [&](int t, int s, float score, float product) {
    if (!Sees(m, ahead, t, s)) return 0.0f;
    const float decay = __expf(m.rows.sum[t] - m.columns.sum[s]);
    const bool is_diagonal = s == t + ahead;
    const float difference = product * decay + (is_diagonal ? d : 0.0f) -
                             __expf(score - m.log_sums[t]);
    sums.square += difference * difference;
    if (is_diagonal) sums.diagonal += difference;
    return difference * decay;
  };
  scores.ForPairsWith(mixing, [&](int t, int s, float& score0, float& score1,
                                  float& product0, float& product1) {
    StorePair(m.weights + t * Pitch(kTile) + s, weight(t, s, score0, product0),
              weight(t, s + 1, score1, product1));
  });
  __syncthreads();
  return sums;
}

template <int N>
__device__ void StoreRows(Product<kTile, N>& product, float* to, int valid) {
  product.ForPairs([&](int row, int column, float& a, float& b) {
    if (row >= valid) return;
    *reinterpret_cast<float2*>(to + int64_t{row} * N + column) =
        make_float2(a, b);
  });
}

// The block's sum, on its first thread.
__device__ float BlockSum(float x, float* partial) {
  x = WarpSum(x);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0;
  for (int warp = 0; warp < kMmaWarps; ++warp) sum += partial[warp];
  __syncthreads();
  return sum;
}

template <int P, int N>
__global__ void __launch_bounds__(32 * kMmaWarps, 2)
    RowsKernel(OrientationInputs in, OrientationOutputs out,
               OrientationShape shape) {
  extern __shared__ __align__(16) unsigned char bytes[];
  auto& m = *reinterpret_cast<Memory<P, N>*>(bytes);
  const Head head(in, shape);
  // The last rows have the most columns: they go first.
  const int tile = head.NumTiles() - 1 - static_cast<int>(blockIdx.x);
  const int valid = min(head.n_tokens - tile * kTile, kTile);

  LoadRows(m, head, tile);
  SoftmaxSums softmax;
  softmax.Clear();
  for (int column = tile; column >= 0 && head.Meet(column, tile); --column) {
    LoadColumns(m, head, column);
    Loaded();
    Cells scores;
    Scores(m, scores);
    const int ahead = (tile - column) * kTile;
    softmax.Add(scores, [&](int t, int s) { return Sees(m, ahead, t, s); });
    __syncthreads();
  }
  softmax.Finish(m.partial, m.log_sums);
  if (threadIdx.x < valid) {
    out.log_sums[head.at + tile * kTile + threadIdx.x] =
        m.log_sums[threadIdx.x];
  }

  Product<kTile, N> dc;
  dc.Clear();
  Sums sums;
  for (int column = tile; column >= 0 && head.Meet(column, tile); --column) {
    LoadColumns(m, head, column);
    Loaded();
    const Sums more = Weights(m, (tile - column) * kTile, head.d);
    sums.square += more.square;
    sums.diagonal += more.diagonal;
    dc.template Add<kTile>(Operand<false>{m.weights, Pitch(kTile)},
                           Operand<false>{m.columns.mixing, Pitch(N)});
    __syncthreads();
  }
  StoreRows<N>(dc, out.dc + (head.at + tile * kTile) * N, valid);
  const float square = BlockSum(sums.square, m.partial);
  const float diagonal = BlockSum(sums.diagonal, m.partial);
  if (threadIdx.x == 0) {
    const int64_t map = int64_t{blockIdx.z} * shape.heads + blockIdx.y;
    float* parts = out.parts + (map * gridDim.x + tile) * 2;
    parts[0] = square;
    parts[1] = diagonal;
  }
}

template <int P, int N>
__global__ void __launch_bounds__(32 * kMmaWarps, 2)
    ColumnsKernel(OrientationInputs in, OrientationOutputs out,
                  OrientationShape shape) {
  extern __shared__ __align__(16) unsigned char bytes[];
  auto& m = *reinterpret_cast<Memory<P, N>*>(bytes);
  const Head head(in, shape);
  const int tile = blockIdx.x, n_tiles = head.NumTiles();

  LoadColumns(m, head, tile);
  Product<kTile, N> db;
  db.Clear();
  for (int row = tile; row < n_tiles && head.Meet(tile, row); ++row) {
    LoadRows(m, head, row);
    const int valid = min(head.n_tokens - row * kTile, kTile);
    if (threadIdx.x < valid) {
      m.log_sums[threadIdx.x] =
          out.log_sums[head.at + row * kTile + threadIdx.x];
    }
    Loaded();
    Weights(m, (row - tile) * kTile, head.d);
    db.template Add<kTile>(Operand<true>{m.weights, Pitch(kTile)},
                           Operand<false>{m.rows.mixing, Pitch(N)});
    __syncthreads();
  }
  StoreRows<N>(db, out.db + (head.at + tile * kTile) * N,
               min(head.n_tokens - tile * kTile, kTile));
}

template <int P, int N>
cudaError_t Launch(const OrientationInputs& in, const OrientationOutputs& out,
                   const OrientationShape& shape, cudaStream_t stream) {
  constexpr int kBytes = sizeof(Memory<P, N>);
  const dim3 grid(static_cast<unsigned>(OrientationParts(shape)), shape.heads,
                  static_cast<unsigned>(shape.batch));
  for (const auto kernel : {RowsKernel<P, N>, ColumnsKernel<P, N>}) {
    const cudaError_t error = cudaFuncSetAttribute(
        kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
    if (error != cudaSuccess) return error;
    kernel<<<grid, 32 * kMmaWarps, kBytes, stream>>>(in, out, shape);
  }
  return cudaGetLastError();
}

}  // namespace

int64_t OrientationParts(const OrientationShape& shape) {
  return CeilDiv(shape.n_tokens, kTile);
}

cudaError_t Orientation(const OrientationInputs& in,
                        const OrientationOutputs& out,
                        const OrientationShape& shape, cudaStream_t stream) {
  return WithShape(shape.head_dim, shape.d_state, [&](auto s) {
    return Launch<s.kHeadDim, s.kDState>(in, out, shape, stream);
  });
}

}  // namespace llamba::distill::cuda

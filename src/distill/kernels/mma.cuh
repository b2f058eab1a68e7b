#ifndef LLAMBA_DISTILL_KERNELS_MMA_CUH_
#define LLAMBA_DISTILL_KERNELS_MMA_CUH_

#include "distill/kernels/device.cuh"

// Products of bfloat16 tiles in shared memory on the tensor cores, float32 sums
// in registers (PTX ISA, mma.m16n8k16 and ldmatrix).
namespace llamba::distill::cuda {

constexpr int kMmaWarps = 8;

// A tile's rows lie this many elements apart: 16 bytes more than a row, so that
// the eight rows that ldmatrix reads lie in different banks.
__host__ __device__ constexpr int Pitch(int columns) { return columns + 8; }

__device__ inline uint32_t SharedAddress(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

template <bool kTransposed>
__device__ inline void LoadMatrices(uint32_t (&r)[4], const Bf16* from) {
  if constexpr (kTransposed) {
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
        : "r"(SharedAddress(from))
        : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(SharedAddress(from))
                 : "memory");
  }
}

__device__ inline void Mma(float (&c)[4], const uint32_t (&a)[4], uint32_t b0,
                           uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// One operand: where it lies, and whether what lies there is its transpose.
template <bool kTransposed>
struct Operand {
  const Bf16* data;
  int pitch;
};

// An M x N matrix over the eight warps of a block, each with kRows x kColumns
// tiles of 16 x 8.
template <int M, int N>
struct Product {
  static constexpr int kWarpsDown = M % 64 == 0 ? 4 : 2;
  static constexpr int kWarpsAcross = kMmaWarps / kWarpsDown;
  static constexpr int kRows = M / 16 / kWarpsDown;
  static constexpr int kColumns = N / 8 / kWarpsAcross;
  static_assert(M % (16 * kWarpsDown) == 0);
  static_assert(N % (16 * kWarpsAcross) == 0);

  float c[kRows][kColumns][4];

  static __device__ int WarpDown() { return threadIdx.x / 32 % kWarpsDown; }
  static __device__ int WarpAcross() { return threadIdx.x / 32 / kWarpsDown; }
  static __device__ int FirstRow() { return WarpDown() * kRows * 16; }
  static __device__ int FirstColumn() { return WarpAcross() * kColumns * 8; }

  __device__ void Clear() {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
#pragma unroll
        for (int k = 0; k < 4; ++k) c[i][j][k] = 0;
      }
    }
  }

  // Adds a b, with K their common dimension: a is M x K, b is K x N.
  template <int K, bool kA, bool kB>
  __device__ void Add(Operand<kA> a, Operand<kB> b) {
    const int lane = threadIdx.x % 32;
    // ldmatrix takes its four 8 x 8 matrices' rows from lanes 0-7, 8-15, ...
    const int low = lane % 16, high = lane / 16 * 8;
    const int inner = lane % 8 + lane / 16 * 8, outer = lane / 8 % 2 * 8;
#pragma unroll
    for (int k = 0; k < K; k += 16) {
      uint32_t left[kRows][4];
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
        const int row = FirstRow() + i * 16;
        LoadMatrices<kA>(left[i],
                         kA ? a.data + (k + inner) * a.pitch + row + outer
                            : a.data + (row + low) * a.pitch + k + high);
      }
#pragma unroll
      for (int j = 0; j < kColumns; j += 2) {
        const int column = FirstColumn() + j * 8;
        // b as it lies, K x N, is what the instruction calls transposed.
        uint32_t right[4];
        LoadMatrices<!kB>(right,
                          kB ? b.data + (column + inner) * b.pitch + k + outer
                             : b.data + (k + low) * b.pitch + column + high);
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
          Mma(c[i][j], left[i], right[0], right[1]);
          Mma(c[i][j + 1], left[i], right[2], right[3]);
        }
      }
    }
  }

  // f(row, column, two neighbours of one row).
  template <typename F>
  __device__ void ForPairs(F f) {
    ForPairsWith(*this, [&](int row, int column, float& a, float& b, float&,
                            float&) { f(row, column, a, b); });
  }

  // f(row, column, two neighbours here, the same two of `other`).
  template <typename F>
  __device__ void ForPairsWith(Product& other, F f) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = FirstRow() + i * 16 + half * 8 + lane / 4;
#pragma unroll
        for (int j = 0; j < kColumns; ++j) {
          f(row, FirstColumn() + j * 8 + lane % 4 * 2, c[i][j][half * 2],
            c[i][j][half * 2 + 1], other.c[i][j][half * 2],
            other.c[i][j][half * 2 + 1]);
        }
      }
    }
  }

  // Multiplies row r by factors[r].
  __device__ void ScaleRowsBy(const float* factors) {
    ForPairs([&](int row, int, float& a, float& b) {
      a *= factors[row];
      b *= factors[row];
    });
  }

  // sums[WarpDown()][column] = sum over this warp's rows; `sums` has N floats a
  // warp down.
  __device__ void ColumnSums(float* sums) const {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int j = 0; j < kColumns; ++j) {
#pragma unroll
      for (int k = 0; k < 2; ++k) {
        float sum = 0;
#pragma unroll
        for (int i = 0; i < kRows; ++i) sum += c[i][j][k] + c[i][j][k + 2];
        for (int step = 4; step < 32; step *= 2) {
          sum += __shfl_xor_sync(0xffffffffu, sum, step);
        }
        if (lane < 4) {
          sums[WarpDown() * N + FirstColumn() + j * 8 + lane * 2 + k] = sum;
        }
      }
    }
  }

  // sums[WarpAcross()][row] = sum of f(row, column, pair) over this warp's
  // columns; `sums` has M floats a warp across.
  template <typename F>
  __device__ void RowSums(float* sums, F f) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = FirstRow() + i * 16 + half * 8 + lane / 4;
        float sum = 0;
#pragma unroll
        for (int j = 0; j < kColumns; ++j) {
          sum += f(row, FirstColumn() + j * 8 + lane % 4 * 2, c[i][j][half * 2],
                   c[i][j][half * 2 + 1]);
        }
        sum += __shfl_xor_sync(0xffffffffu, sum, 1);
        sum += __shfl_xor_sync(0xffffffffu, sum, 2);
        if (lane % 4 == 0) sums[WarpAcross() * M + row] = sum;
      }
    }
  }
};

__device__ inline __nv_bfloat162 Pair(float a, float b) {
  return __floats2bfloat162_rn(a, b);
}
__device__ inline void StorePair(Bf16* to, float a, float b) {
  *reinterpret_cast<__nv_bfloat162*>(to) = Pair(a, b);
}
__device__ inline float2 LoadPair(const Bf16* from) {
  return __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162*>(from));
}

// Copies rows [0, kRows) of kColumns elements to shared memory, behind the
// program's back until CopiesDone; rows from n_valid on become zeros. `from`
// and its stride are multiples of 16 bytes.
template <int kRows, int kColumns>
__device__ inline void CopyTile(Bf16* to, const Bf16* from, int64_t stride,
                                int n_valid) {
  constexpr int kPerRow = kColumns / 8;
  for (int i = threadIdx.x; i < kRows * kPerRow; i += 32 * kMmaWarps) {
    const int row = i / kPerRow, column = i % kPerRow * 8;
    const bool valid = row < n_valid;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                     SharedAddress(to + row * Pitch(kColumns) + column)),
                 "l"(from + (valid ? row * stride + column : 0)),
                 "r"(valid ? 16 : 0)
                 : "memory");
  }
}
__device__ inline void CommitCopies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
// Waits until at most kPending of this thread's groups are under way; other
// threads' copies are seen after the next barrier.
template <int kPending>
__device__ inline void WaitForCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

// Multiplies row r of a tile by factors[r].
template <int kRows, int kColumns>
__device__ inline void ScaleRows(Bf16* tile, const float* factors) {
  for (int i = threadIdx.x; i < kRows * kColumns / 4; i += 32 * kMmaWarps) {
    const int row = i / (kColumns / 4), column = i % (kColumns / 4) * 4;
    Bf16* at = tile + row * Pitch(kColumns) + column;
    Four f = Load4(at);
    for (int k = 0; k < 4; ++k) f.v[k] *= factors[row];
    Store4(at, f);
  }
}

}  // namespace llamba::distill::cuda

#endif  // LLAMBA_DISTILL_KERNELS_MMA_CUH_

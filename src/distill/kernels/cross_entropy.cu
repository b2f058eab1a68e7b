#include "distill/kernels/device.cuh"

namespace llamba::distill::cuda {
namespace {

constexpr int kThreads = 512;
constexpr int kWarps = kThreads / 32;
// Below every logit; exp(kNone - anything) is 0.
constexpr float kNone = -1e30f;

// Softmax of a part of a row, relative to its largest logit.
struct Part {
  float max = kNone, sum = 0;
  int at = 0x7fffffff;  // where the largest is, the first of equals
  // Sums of exp(logit - max) times this row's and the student's logits; of the
  // teacher's row alone.
  float own = 0, student = 0;

  __device__ void Raise(float max_now, int at_now) {
    if (max_now < max || (max_now == max && at_now >= at)) return;
    const float scale = __expf(max - max_now);
    sum *= scale;
    own *= scale;
    student *= scale;
    max = max_now;
    at = at_now;
  }
  // Below the largest so far, as nearly all are, nothing is rescaled.
  __device__ void RaiseTo(const Four& logits, int first) {
    const float top =
        fmaxf(fmaxf(logits.v[0], logits.v[1]), fmaxf(logits.v[2], logits.v[3]));
    if (top < max) return;
    for (int k = 0; k < 4; ++k) Raise(logits.v[k], first + k);
  }
  __device__ void Add(const Four& logits, int first) {
    RaiseTo(logits, first);
    for (int k = 0; k < 4; ++k) sum += __expf(logits.v[k] - max);
  }
  __device__ void Add(const Four& logits, const Four& students, int first) {
    RaiseTo(logits, first);
    for (int k = 0; k < 4; ++k) {
      const float e = __expf(logits.v[k] - max);
      sum += e;
      own += e * logits.v[k];
      student += e * students.v[k];
    }
  }
  __device__ void Merge(Part other) {
    Raise(other.max, other.at);
    other.Raise(max, at);
    sum += other.sum;
    own += other.own;
    student += other.student;
  }
  __device__ Part Shuffled(int step) const {
    Part out;
    out.max = __shfl_xor_sync(0xffffffffu, max, step);
    out.sum = __shfl_xor_sync(0xffffffffu, sum, step);
    out.at = __shfl_xor_sync(0xffffffffu, at, step);
    out.own = __shfl_xor_sync(0xffffffffu, own, step);
    out.student = __shfl_xor_sync(0xffffffffu, student, step);
    return out;
  }
};

// The parts of all threads, for every thread.
__device__ Part Combine(Part part, Part* shared) {
  for (int step = 16; step > 0; step /= 2) part.Merge(part.Shuffled(step));
  if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = part;
  __syncthreads();
  Part all = shared[0];
  for (int w = 1; w < kWarps; ++w) all.Merge(shared[w]);
  return all;
}

template <typename T>
__device__ Four Logits(const T* row, int64_t i, float inverse_temperature) {
  Four f = Load4(row + i);
  for (int k = 0; k < 4; ++k) f.v[k] *= inverse_temperature;
  return f;
}

template <typename T>
__global__ void __launch_bounds__(kThreads)
    CrossEntropyKernel(const T* __restrict__ teacher, T* __restrict__ student,
                       float* __restrict__ sums, NormShape shape,
                       float inverse_temperature, float scale) {
  __shared__ __align__(16) char memory[2 * kWarps * sizeof(Part)];
  Part* shared = reinterpret_cast<Part*>(memory);
  const T* t_row = teacher + int64_t{blockIdx.x} * shape.d;
  T* s_row = student + int64_t{blockIdx.x} * shape.d;
  Part t_part, s_part;
#pragma unroll 2
  for (int64_t i = threadIdx.x * 4; i < shape.d; i += kThreads * 4) {
    const Four t = Logits(t_row, i, inverse_temperature);
    const Four s = Logits(s_row, i, inverse_temperature);
    t_part.Add(t, s, static_cast<int>(i));
    s_part.Add(s, static_cast<int>(i));
  }
  const Part t_all = Combine(t_part, shared);
  const Part s_all = Combine(s_part, shared + kWarps);
  const float t_log = t_all.max + __logf(t_all.sum);
  const float s_log = s_all.max + __logf(s_all.sum);
  if (threadIdx.x == 0) {
    float* out = sums + int64_t{blockIdx.x} * 3;
    out[0] = s_log - t_all.student / t_all.sum;
    out[1] = t_log - t_all.own / t_all.sum;
    out[2] = t_all.at == s_all.at ? 1.0f : 0.0f;
  }
#pragma unroll 2
  for (int64_t i = threadIdx.x * 4; i < shape.d; i += kThreads * 4) {
    const Four t = Logits(t_row, i, inverse_temperature);
    Four s = Logits(s_row, i, inverse_temperature);
    for (int k = 0; k < 4; ++k) {
      s.v[k] = (__expf(s.v[k] - s_log) - __expf(t.v[k] - t_log)) * scale;
    }
    Store4(s_row + i, s);
  }
}

}  // namespace

cudaError_t CrossEntropyRows(const void* teacher, void* student, float* sums,
                             NormShape shape, float inverse_temperature,
                             float scale, Storage storage,
                             cudaStream_t stream) {
  return WithStorage(storage, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    CrossEntropyKernel<<<shape.n_rows, kThreads, 0, stream>>>(
        static_cast<const T*>(teacher), static_cast<T*>(student), sums, shape,
        inverse_temperature, scale);
  });
}

}  // namespace llamba::distill::cuda

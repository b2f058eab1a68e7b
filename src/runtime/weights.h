#ifndef LLAMBA_RUNTIME_WEIGHTS_H_
#define LLAMBA_RUNTIME_WEIGHTS_H_

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/large_buffer.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "model/checkpoint.h"

namespace llamba {

using Vector =
    AlignedBuffer<float>;  // empty where the config has no such tensor

// A matrix that kernels read: mapped as stored, or decoded into `owned`. Moves
// only: a copy would view the buffer of the original.
struct Matrix {
  Matrix() = default;
  Matrix(Matrix&&) = default;
  Matrix& operator=(Matrix&&) = default;

  MatrixView view;
  LargeBuffer owned;
};

// Row r of a matrix in any layout, as float32.
void DecodeMatrixRow(const MatrixView& view, int64_t r, std::span<float> out);

struct Mamba2Weights {
  Matrix in_proj;  // (in_proj_rows, d)
  Vector in_proj_bias;
  Vector conv;       // (d_conv, channels): taps outermost, for the kernel
  Vector conv_bias;  // (channels)
  Vector z_bias;     // (d_inner)
  Vector d;          // (H)
  Matrix out_proj;   // (d, d_inner)
  Vector out_proj_bias;
};

struct AttentionWeights {
  Matrix q, k, v, o;
  Vector q_bias, k_bias, v_bias, o_bias;
};

struct MlpWeights {
  Matrix gate, up, down;
  Vector gate_bias, up_bias, down_bias;
};

// One block: a mixer of either kind (the other is null), and an MLP.
struct LayerWeights {
  Vector input_norm, post_norm;
  std::unique_ptr<Mamba2Weights> mamba2;
  std::unique_ptr<AttentionWeights> attention;
  MlpWeights mlp;
};

struct Weights {
  Matrix embedding;  // (vocab, d)
  Vector final_norm;
  Matrix head;  // view of the embedding where tied
  Vector head_bias;
  std::vector<LayerWeights> layers;
  // Holds the mapped file.
  std::vector<std::shared_ptr<const void>> owners;
};

// Calls fn for every matrix that products read, a tied head as the embedding.
void ForEachMatrix(const Weights& weights,
                   FunctionRef<void(TensorId, const MatrixView&)> fn);

// See LoadOptions::dtype. Throws Error naming the tensor.
Weights LoadWeights(const Checkpoint& checkpoint, std::optional<DType> dtype,
                    ThreadPool& pool);

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_WEIGHTS_H_

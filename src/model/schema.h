#ifndef LLAMBA_MODEL_SCHEMA_H_
#define LLAMBA_MODEL_SCHEMA_H_

#include <string>
#include <tuple>
#include <vector>

#include "base/tensor_view.h"
#include "model/config.h"

namespace llamba {

// What a tensor is, whatever a layout calls it.
enum class TensorRole {
  kEmbedding,  // (vocab, d)
  kFinalNorm,  // (d)
  kHead,       // (vocab, d); absent when tied
  kHeadBias,   // (vocab)
  kInputNorm,  // (d), before the mixer
  kPostNorm,   // (d), before the MLP
  kSsmIn,      // (in_proj_rows, d): x, B, C, z, A_log
  kSsmInBias,
  kSsmConv,      // (channels, d_conv)
  kSsmConvBias,  // (channels)
  kSsmZBias,     // (d_inner)
  kSsmD,         // (H)
  kSsmOut,       // (d, d_inner)
  kSsmOutBias,
  kAttnQ,  // (n_heads * head_dim, d), rotary pairs half-split
  kAttnK,  // (n_kv_heads * head_dim, d)
  kAttnV,
  kAttnO,  // (d, n_heads * head_dim)
  kAttnQBias,
  kAttnKBias,
  kAttnVBias,
  kAttnOBias,
  kMlpGate,  // (intermediate, d), the activated one
  kMlpUp,
  kMlpDown,  // (d, intermediate)
  kMlpGateBias,
  kMlpUpBias,
  kMlpDownBias,
};

// A tensor of one model: layer -1 where it belongs to no layer.
struct TensorId {
  TensorRole role;
  int layer = -1;

  bool operator==(const TensorId&) const = default;
  bool operator<(const TensorId& other) const {
    return std::tie(role, layer) < std::tie(other.role, other.layer);
  }
};

struct TensorSpec {
  TensorId id;
  Shape shape;
  // True for the matrices that products read (stored in the asked type); norms,
  // convolution, D and biases stay F32 in what we write.
  bool is_matrix;
};

// THE table: every tensor that a model of this config has, in file order.
std::vector<TensorSpec> Schema(const ModelConfig& config);

// A way to name tensors: one of the world's layouts. Each stands in a file of
// its own; readers and writers use nothing else.
enum class Layout {
  kHuggingFaceLlamba,
  kHuggingFaceLlama,
  kGgufLlamba,
  kGgufLlama
};

// "backbone.layers.3.mixer.in_proj.weight", "blk.3.ssm_in.weight", ...
std::string TensorName(Layout layout, const TensorId& id);

}  // namespace llamba

#endif  // LLAMBA_MODEL_SCHEMA_H_

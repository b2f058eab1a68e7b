#ifndef LLAMBA_DISTILL_TENSORS_H_
#define LLAMBA_DISTILL_TENSORS_H_

#include <torch/types.h>

#include <map>

#include "model/checkpoint.h"
#include "model/schema.h"

// Letters used in shapes throughout this room:
//   B sequences of a batch, T tokens of each, V vocabulary, D d_model,
//   H n_v_heads (or attention heads), G n_qk_heads, P head_dim, N d_state,
//   K d_conv, Q tokens of a chunk, C chunks of a sequence.
namespace llamba::distill {

using torch::Tensor;

// The tensors of a model by what they are; the schema (src/model) fixes which
// exist and their shapes.
using ParameterMap = std::map<TensorId, Tensor>;

// Packed training data. Documents that share a row are told apart by
// `segments`: neither state nor attention crosses from one into the next.
struct Batch {
  Tensor ids;       // (B, T) int64
  Tensor segments;  // (B, T) int32, constant in a document, rising along a row
};

// Decodes a checkpoint's tensors to `options`' type and device.
ParameterMap LoadParameters(const Checkpoint& checkpoint,
                            const torch::TensorOptions& options);

// (B, T, T) bool: s <= t and both in the same document.
Tensor CausalDocumentMask(const Tensor& segments);

// (B, T) bool: where a row's value differs from the one before it, and at its
// beginning.
Tensor BeginsRun(const Tensor& values);

// (documents + 1) int32: the first of the B T tokens of each document, and B T.
Tensor DocumentStarts(const Tensor& segments);

}  // namespace llamba::distill

#endif  // LLAMBA_DISTILL_TENSORS_H_

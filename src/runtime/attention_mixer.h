#ifndef LLAMBA_RUNTIME_ATTENTION_MIXER_H_
#define LLAMBA_RUNTIME_ATTENTION_MIXER_H_

#include <vector>

#include "kernels/ops.h"
#include "runtime/batch.h"
#include "runtime/weights.h"

namespace llamba {

// Grouped-query attention with rotary embeddings (SPEC 3, teachers and
// hybrids). Holds the working buffers that all layers use in turn; one thread
// at a time.
class AttentionMixer {
 public:
  AttentionMixer(const ModelConfig& config, Scratch& scratch);

  // Once a pass, before its layers: the rotary angles of every row. The
  // segments' states have room (State::Reserve).
  void Prepare(const Batch& batch);

  // x += o_proj(...) of the normed rows u, both (rows, d); keys and values of
  // this layer go to every segment's cache.
  void Run(const Ops& ops, const AttentionWeights& weights, int layer,
           const Batch& batch, const float* u, float* x);

 private:
  void Rotate(const Ops& ops, RowBuffer& heads, int64_t n_heads, int64_t rows);
  void Store(const Segment& segment, int layer);
  AttentionArgs AttentionOf(const Segment& segment, int layer);

  const AttentionConfig attention_;
  const std::vector<double> frequencies_;  // (head_dim / 2)
  RowBuffer cos_, sin_;                    // (rows, head_dim / 2)
  RowBuffer q_, k_, v_;
  RowBuffer y_;  // (rows, n_heads * head_dim)
  std::vector<AttentionArgs> args_;
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_ATTENTION_MIXER_H_

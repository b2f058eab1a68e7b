#ifndef LLAMBA_RUNTIME_MAMBA2_MIXER_H_
#define LLAMBA_RUNTIME_MAMBA2_MIXER_H_

#include <vector>

#include "kernels/ops.h"
#include "runtime/batch.h"
#include "runtime/weights.h"

namespace llamba {

// Discrete Mamba-2 (SPEC 2, the mixer). Holds the working buffers that all
// layers use in turn; one thread at a time.
class Mamba2Mixer {
 public:
  Mamba2Mixer(const ModelConfig& config, Scratch& scratch);

  // x += out_proj(...) of the normed rows u, both (rows, d), and every
  // segment's state of this layer moves on by its tokens.
  void Run(const Ops& ops, const Mamba2Weights& weights, int layer,
           const Batch& batch, const float* u, float* x);

 private:
  Conv1dArgs ConvOf(const Mamba2Weights& weights, int layer,
                    const Segment& segment);
  ScanArgs ScanOf(const Mamba2Weights& weights, int layer,
                  const Segment& segment);

  const SsmConfig ssm_;
  // (rows, in_proj_rows): xBC, z, A_log; after the convolution y in xBC's place
  RowBuffer projected_;
  RowBuffer convolved_;  // (rows, conv_channels): x, B, C
  std::vector<Conv1dArgs> convs_;
  std::vector<ScanArgs> scans_;
};

}  // namespace llamba

#endif  // LLAMBA_RUNTIME_MAMBA2_MIXER_H_

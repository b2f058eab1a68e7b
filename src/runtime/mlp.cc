#include "runtime/mlp.h"

#include <array>

#include "runtime/projection.h"

namespace llamba {

Mlp::Mlp(const ModelConfig& config, Scratch& scratch)
    : activation_(config.mlp.activation),
      gate_(config.mlp.intermediate_size, scratch.first),
      up_(config.mlp.intermediate_size, scratch.second) {}

void Mlp::Run(const Ops& ops, const MlpWeights& weights, const Batch& batch,
              const float* u, float* x) {
  const std::array<MatMulArgs, 2> in = {
      Projection(weights.gate, weights.gate_bias, u, batch, gate_),
      Projection(weights.up, weights.up_bias, u, batch, up_)};
  ops.MatMuls(in);

  GluArgs glu;
  glu.gate = gate_.Row(0);
  glu.gate_stride = gate_.width();
  glu.up = up_.Row(0);
  glu.up_stride = up_.width();
  glu.n = gate_.width();
  glu.activation = activation_;
  ops.Glu(glu, batch.rows);
  AddProjection(ops, weights.down, weights.down_bias, gate_, batch, x);
}

}  // namespace llamba

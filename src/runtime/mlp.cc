#include "runtime/mlp.h"

#include <array>

namespace llamba {

Mlp::Mlp(const ModelConfig& config, Scratch& scratch)
    : activation_(config.mlp.activation),
      d_model_(config.d_model),
      gate_(config.mlp.intermediate_size, scratch.first),
      up_(config.mlp.intermediate_size, scratch.second) {}

void Mlp::Run(const Ops& ops, const MlpWeights& weights, int64_t rows,
              const float* u, float* x) {
  std::array<MatMulArgs, 2> in;
  in[0].w = weights.gate.view;
  in[0].bias = OrNull(weights.gate_bias);
  in[0].y = gate_.Resize(rows);
  in[1].w = weights.up.view;
  in[1].bias = OrNull(weights.up_bias);
  in[1].y = up_.Resize(rows);
  for (MatMulArgs& args : in) {
    args.x = u;
    args.x_stride = d_model_;
    args.m = rows;
    args.y_stride = gate_.width();
  }
  ops.MatMuls(in);

  GluArgs glu;
  glu.gate = gate_.Row(0);
  glu.gate_stride = gate_.width();
  glu.up = up_.Row(0);
  glu.up_stride = up_.width();
  glu.n = gate_.width();
  glu.activation = activation_;
  ops.Glu(glu, rows);

  MatMulArgs down;
  down.w = weights.down.view;
  down.x = gate_.Row(0);
  down.x_stride = gate_.width();
  down.m = rows;
  down.bias = OrNull(weights.down_bias);
  down.y = x;
  down.y_stride = d_model_;
  down.accumulate = true;
  ops.MatMul(down);
}

}  // namespace llamba

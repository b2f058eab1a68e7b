#include "runtime/mamba2_mixer.h"

#include "runtime/projection.h"

namespace llamba {

Mamba2Mixer::Mamba2Mixer(const ModelConfig& config, Scratch& scratch)
    : ssm_(config.ssm),
      projected_(ssm_.in_proj_rows(), scratch.first),
      convolved_(ssm_.conv_channels(), scratch.second) {}

Conv1dArgs Mamba2Mixer::ConvOf(const Mamba2Weights& weights, int layer,
                               const Segment& segment) {
  Conv1dArgs conv;
  conv.n_tokens = segment.n_tokens;
  conv.channels = ssm_.conv_channels();
  conv.d_conv = ssm_.d_conv;
  conv.x = projected_.Row(segment.first_row);
  conv.x_stride = projected_.width();
  conv.weight = weights.conv.data();
  conv.bias = OrNull(weights.conv_bias);
  conv.activation = ssm_.activation;
  conv.state = segment.state->ConvState(layer);
  conv.y = convolved_.Row(segment.first_row);
  conv.y_stride = convolved_.width();
  return conv;
}

ScanArgs Mamba2Mixer::ScanOf(const Mamba2Weights& weights, int layer,
                             const Segment& segment) {
  ScanArgs scan;
  scan.n_tokens = segment.n_tokens;
  scan.n_v_heads = ssm_.n_v_heads;
  scan.n_qk_heads = ssm_.n_qk_heads;
  scan.head_dim = ssm_.head_dim();
  scan.d_state = ssm_.d_state;
  scan.x = convolved_.Row(segment.first_row);
  scan.b = scan.x + ssm_.d_inner;
  scan.c = scan.b + ssm_.n_qk_heads * ssm_.d_state;
  scan.xbc_stride = convolved_.width();
  scan.a_log =
      projected_.Row(segment.first_row) + ssm_.conv_channels() + ssm_.d_inner;
  scan.a_log_stride = projected_.width();
  scan.d = weights.d.data();
  scan.state = segment.state->SsmState(layer);
  scan.y = projected_.Row(segment.first_row);
  scan.y_stride = projected_.width();
  return scan;
}

void Mamba2Mixer::Run(const Ops& ops, const Mamba2Weights& weights, int layer,
                      const Batch& batch, const float* u, float* x) {
  convolved_.Resize(batch.rows);
  ops.MatMul(
      Projection(weights.in_proj, weights.in_proj_bias, u, batch, projected_));

  GateArgs gate;
  gate.y = projected_.Row(0);
  gate.y_stride = projected_.width();
  gate.z = projected_.Row(0) + ssm_.conv_channels();
  gate.z_stride = projected_.width();
  gate.z_bias = OrNull(weights.z_bias);
  gate.n = ssm_.d_inner;

  convs_.clear();
  scans_.clear();
  for (const Segment& segment : batch.segments) {
    convs_.push_back(ConvOf(weights, layer, segment));
    scans_.push_back(ScanOf(weights, layer, segment));
  }
  ops.Conv1d(convs_);
  ops.Scan(scans_);
  ops.Gate(gate, batch.rows);
  AddProjection(ops, weights.out_proj, weights.out_proj_bias, projected_, batch,
                x);
}

}  // namespace llamba

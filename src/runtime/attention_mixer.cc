#include "runtime/attention_mixer.h"

#include <array>
#include <cmath>
#include <cstring>

#include "runtime/projection.h"

namespace llamba {

AttentionMixer::AttentionMixer(const ModelConfig& config, Scratch& scratch)
    : attention_(config.attention),
      frequencies_(attention_.RopeFrequencies()),
      cos_(attention_.head_dim / 2),
      sin_(attention_.head_dim / 2),
      q_(attention_.n_heads * attention_.head_dim, scratch.first),
      k_(attention_.n_kv_heads * attention_.head_dim),
      v_(attention_.n_kv_heads * attention_.head_dim),
      y_(q_.width(), scratch.second) {}

void AttentionMixer::Prepare(const Batch& batch) {
  cos_.Resize(batch.rows);
  sin_.Resize(batch.rows);
  for (const Segment& segment : batch.segments) {
    for (int64_t t = 0; t < segment.n_tokens; ++t) {
      const auto position = static_cast<double>(segment.state->position() + t);
      float* cos_row = cos_.Row(segment.first_row + t);
      float* sin_row = sin_.Row(segment.first_row + t);
      for (size_t i = 0; i < frequencies_.size(); ++i) {
        cos_row[i] = static_cast<float>(std::cos(position * frequencies_[i]));
        sin_row[i] = static_cast<float>(std::sin(position * frequencies_[i]));
      }
    }
  }
}

void AttentionMixer::Rotate(const Ops& ops, RowBuffer& heads, int64_t n_heads,
                            int64_t rows) {
  RopeArgs rope;
  rope.x = heads.Row(0);
  rope.x_stride = heads.width();
  rope.n_heads = n_heads;
  rope.head_dim = attention_.head_dim;
  rope.cos = cos_.Row(0);
  rope.sin = sin_.Row(0);
  ops.Rope(rope, rows);
}

void AttentionMixer::Store(const Segment& segment, int layer) {
  const int64_t dim = attention_.head_dim;
  const int64_t head_floats = State::kPageTokens * dim;
  const auto row_bytes = static_cast<size_t>(dim) * sizeof(float);
  const std::span<float* const> pages = segment.state->Pages(layer);
  for (int64_t t = 0; t < segment.n_tokens; ++t) {
    const int64_t position = segment.state->position() + t;
    float* keys = pages[static_cast<size_t>(position / State::kPageTokens)] +
                  position % State::kPageTokens * dim;
    float* values = keys + attention_.n_kv_heads * head_floats;
    const float* k = k_.Row(segment.first_row + t);
    const float* v = v_.Row(segment.first_row + t);
    for (int64_t head = 0; head < attention_.n_kv_heads; ++head) {
      std::memcpy(keys + head * head_floats, k + head * dim, row_bytes);
      std::memcpy(values + head * head_floats, v + head * dim, row_bytes);
    }
  }
}

AttentionArgs AttentionMixer::AttentionOf(const Segment& segment, int layer) {
  AttentionArgs args;
  args.n_tokens = segment.n_tokens;
  args.first_position = segment.state->position();
  args.n_heads = attention_.n_heads;
  args.n_kv_heads = attention_.n_kv_heads;
  args.head_dim = attention_.head_dim;
  args.scale = static_cast<float>(
      1.0 / std::sqrt(static_cast<double>(attention_.head_dim)));
  args.q = q_.Row(segment.first_row);
  args.q_stride = q_.width();
  args.pages = segment.state->Pages(layer).data();
  args.page_tokens = State::kPageTokens;
  args.y = y_.Row(segment.first_row);
  args.y_stride = y_.width();
  return args;
}

void AttentionMixer::Run(const Ops& ops, const AttentionWeights& weights,
                         int layer, const Batch& batch, const float* u,
                         float* x) {
  const std::array<MatMulArgs, 3> products = {
      Projection(weights.q, weights.q_bias, u, batch, q_),
      Projection(weights.k, weights.k_bias, u, batch, k_),
      Projection(weights.v, weights.v_bias, u, batch, v_)};
  ops.MatMuls(products);
  Rotate(ops, q_, attention_.n_heads, batch.rows);
  Rotate(ops, k_, attention_.n_kv_heads, batch.rows);
  y_.Resize(batch.rows);
  args_.clear();
  for (const Segment& segment : batch.segments) {
    Store(segment, layer);
    args_.push_back(AttentionOf(segment, layer));
  }
  ops.Attention(args_);
  AddProjection(ops, weights.o, weights.o_bias, y_, batch, x);
}

}  // namespace llamba

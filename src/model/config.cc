#include "model/config.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "model/config_json.h"
#include "model/config_limits.h"
#include "model/schema.h"

namespace llamba {
namespace {

// By how much Llama 3.1 divides a frequency: not at all where a turn is short
// against the original context, by `factor` where it is long, smoothly between
// (SPEC 3, rope_type llama3; the same as transformers' formula).
double Llama3Divisor(const RopeScaling& scaling, double frequency) {
  const auto context =
      static_cast<double>(scaling.original_max_position_embeddings);
  const double wavelength = 2 * std::numbers::pi / frequency;
  if (wavelength < context / scaling.high_freq_factor) return 1;
  if (wavelength > context / scaling.low_freq_factor) return scaling.factor;
  const double smooth = (context / wavelength - scaling.low_freq_factor) /
                        (scaling.high_freq_factor - scaling.low_freq_factor);
  return 1 / ((1 - smooth) / scaling.factor + smooth);
}

}  // namespace

std::vector<double> AttentionConfig::RopeFrequencies() const {
  std::vector<double> frequencies(static_cast<size_t>(head_dim / 2));
  for (size_t j = 0; j < frequencies.size(); ++j) {
    const double plain =
        std::pow(rope_theta,
                 -2.0 * static_cast<double>(j) / static_cast<double>(head_dim));
    double divisor = 1;
    if (rope_scaling) {
      divisor = Llama3Divisor(*rope_scaling, plain);
    } else if (!rope_freq_factors.empty()) {
      divisor = rope_freq_factors[j];
    }
    frequencies[j] = plain / divisor;
  }
  return frequencies;
}

std::vector<float> AttentionConfig::RopeDivisors() const {
  if (!rope_scaling) return rope_freq_factors;
  AttentionConfig plain = *this;
  plain.rope_scaling.reset();
  plain.rope_freq_factors.clear();
  std::vector<float> divisors;
  for (double frequency : plain.RopeFrequencies()) {
    divisors.push_back(
        static_cast<float>(Llama3Divisor(*rope_scaling, frequency)));
  }
  return divisors;
}

bool ModelConfig::HasMixer(MixerKind kind) const {
  return std::find(mixers.begin(), mixers.end(), kind) != mixers.end();
}

bool ModelConfig::FitsLlama() const {
  return IsLlama() && norm_epsilon == block_norm_epsilon && !lm_head_bias;
}

int64_t ModelConfig::NumParameters() const {
  int64_t n = 0;
  for (const TensorSpec& spec : Schema(*this)) n += NumElements(spec.shape);
  return n;
}

int64_t ModelConfig::StateBytes(int64_t context, int64_t kv_bytes) const {
  const int64_t recurrent =
      ssm.d_inner * ssm.d_state + (ssm.d_conv - 1) * ssm.conv_channels();
  const int64_t cached =
      2 * attention.n_kv_heads * attention.head_dim * context;
  int64_t bytes = 0;
  for (MixerKind mixer : mixers) {
    bytes += mixer == MixerKind::kMamba2
                 ? recurrent * static_cast<int64_t>(sizeof(float))
                 : cached * kv_bytes;
  }
  return bytes;
}

int64_t BoundedLayers(int64_t n_layer, const std::string& where) {
  if (n_layer < 1 || n_layer > limits::kLayers) {
    Fail("{}: expected 1 to {}, found {}", where, limits::kLayers, n_layer);
  }
  return n_layer;
}

}  // namespace llamba

#include "model/synthetic.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace llamba {
namespace {

using Role = TensorRole;

// silu of it is 1: an open gate (SPEC 5).
constexpr double kOpenGate = 1.278464542761;
constexpr double kNoise = 0.02;

// SplitMix64 (Steele, Lea, Flood 2014).
uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}

  // The sum of four 16-bit uniforms, centred: close to a normal distribution,
  // by integers alone.
  int32_t Next() {
    const uint64_t bits = Mix(state_ += 0x9e3779b97f4a7c15);
    const auto piece = [bits](int i) {
      return static_cast<int32_t>(bits >> (16 * i) & 0xffff);
    };
    return piece(0) + piece(1) + piece(2) + piece(3) - 2 * 65535;
  }

  // Standard deviation of Next: sqrt(4 (65536^2 - 1) / 12).
  static constexpr double kDeviation = 37837.22723720648;

 private:
  uint64_t state_;
};

uint64_t HashName(const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

}  // namespace

SyntheticSource::SyntheticSource(const ModelConfig& config, uint64_t seed)
    : config_(config), seed_(seed) {}

SyntheticSource::Spread SyntheticSource::SpreadOf(const TensorSpec& spec,
                                                  int64_t row) const {
  const auto fan_in = static_cast<double>(spec.shape.back());
  const auto layers = static_cast<double>(config_.n_layer);
  const double linear = 1 / std::sqrt(3 * fan_in);  // torch's nn.Linear
  switch (spec.id.role) {
    case Role::kInputNorm:
    case Role::kPostNorm:
    case Role::kFinalNorm:
    case Role::kSsmD:
      return {1, kNoise};
    case Role::kEmbedding:
    case Role::kHead:
      return {0, 1 / std::sqrt(fan_in)};  // logits of variance 1
    case Role::kSsmZBias:
      return {kOpenGate, kNoise};
    case Role::kSsmOut:
    case Role::kAttnO:
    case Role::kMlpDown:
      return {0, linear / std::sqrt(layers)};
    case Role::kSsmIn: {
      const int64_t gate = config_.ssm.conv_channels();
      const int64_t decay = gate + config_.ssm.d_inner;
      if (row < gate) return {0, linear};
      if (row < decay) return {0, linear * kNoise};
      // A_log of a head has a deviation of 1 to 6: sigmoid(-A_log) then spans
      // the half to nearly the whole of (0, 1).
      const auto head = static_cast<double>(row - decay);
      const auto heads = static_cast<double>(config_.ssm.n_v_heads);
      return {0, (1 + 5 * head / heads) / std::sqrt(fan_in)};
    }
    case Role::kAttnQ:
    case Role::kAttnK:
    case Role::kAttnV:
    case Role::kMlpGate:
    case Role::kMlpUp:
      return {0, linear};
    default:  // convolution and biases
      return {0, kNoise};
  }
}

void SyntheticSource::FillRow(const TensorSpec& spec, int64_t row,
                              std::span<float> out) const {
  const Spread spread = SpreadOf(spec, row);
  const auto mean = static_cast<float>(spread.mean);
  const auto scale = static_cast<float>(spread.scale / Generator::kDeviation);
  const uint64_t name = HashName(TensorName(Layout::kGgufLlamba, spec.id));
  Generator generator(Mix(Mix(seed_ + name) + static_cast<uint64_t>(row)));
  for (float& value : out) {
    value = static_cast<float>(generator.Next()) * scale;
    value += mean;
  }
  if (spec.id.role == Role::kSsmConv) out.back() += 1;
}

}  // namespace llamba

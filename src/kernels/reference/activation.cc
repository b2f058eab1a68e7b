#include <cmath>
#include <numbers>

#include "kernels/reference/reference.h"

namespace llamba::reference {
namespace {

double Silu(double x) { return x / (1 + std::exp(-x)); }

double Gelu(double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }

double GeluTanh(double x) {
  const double u = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return x / (1 + std::exp(-2 * u));  // x (1 + tanh u) / 2, uncancelled
}

}  // namespace

double Activate(Activation activation, double x) {
  switch (activation) {
    case Activation::kIdentity:
      return x;
    case Activation::kSilu:
      return Silu(x);
    case Activation::kGelu:
      return Gelu(x);
    case Activation::kGeluTanh:
      return GeluTanh(x);
    case Activation::kRelu:
      return x > 0 ? x : 0;
  }
  return x;
}

void Gate(const GateArgs& args, int64_t m_begin, int64_t m_end) {
  for (int64_t m = m_begin; m < m_end; ++m) {
    float* y = args.y + m * args.y_stride;
    const float* z = args.z + m * args.z_stride;
    for (int64_t i = 0; i < args.n; ++i) {
      const double bias = args.z_bias != nullptr ? args.z_bias[i] : 0;
      y[i] = static_cast<float>(y[i] * Silu(z[i] + bias));
    }
  }
}

void Glu(const GluArgs& args, int64_t m_begin, int64_t m_end) {
  for (int64_t m = m_begin; m < m_end; ++m) {
    float* gate = args.gate + m * args.gate_stride;
    const float* up = args.up + m * args.up_stride;
    for (int64_t i = 0; i < args.n; ++i) {
      gate[i] = static_cast<float>(Activate(args.activation, gate[i]) * up[i]);
    }
  }
}

}  // namespace llamba::reference

#include "distill/train/flops.h"

#include <algorithm>
#include <chrono>

namespace llamba::distill {
namespace {

// A product with n weights: 2n forward, 2n for the weights' gradient, 2n for
// the input's.
constexpr double kForward = 2, kWithoutInputGradient = 4, kWithBackward = 6;

double MlpWeights(const ModelConfig& c) {
  return 3.0 * static_cast<double>(c.d_model * c.mlp.intermediate_size);
}

double AttentionWeights(const ModelConfig& c) {
  const AttentionConfig& a = c.attention;
  return static_cast<double>(c.d_model * a.head_dim) *
         static_cast<double>(2 * a.n_heads + 2 * a.n_kv_heads);
}

double HeadWeights(const ModelConfig& c) {
  return static_cast<double>(c.d_model * c.vocab_size);
}

// Scores and their sum of values, each over half of the T positions on average,
// in multiply-adds.
double AttentionProducts(const ModelConfig& c, int64_t n_tokens) {
  return static_cast<double>(c.attention.n_heads * c.attention.head_dim) *
         static_cast<double>(n_tokens);
}

// What the state takes in and gives out.
double ScanProducts(const SsmConfig& s) {
  return 2.0 * static_cast<double>(s.d_inner * s.d_state);
}

double TeacherBlocks(const ModelConfig& c, int64_t n_tokens) {
  return kForward * static_cast<double>(c.n_layer) *
         (AttentionWeights(c) + AttentionProducts(c, n_tokens) + MlpWeights(c));
}

// B, C and A_log of in_proj, and the products C B^T.
double OrientedLayer(const ModelConfig& c, int64_t n_tokens) {
  const SsmConfig& s = c.ssm;
  const auto rows = static_cast<double>(2 * s.n_qk_heads * s.d_state);
  return kWithoutInputGradient * static_cast<double>(c.d_model) *
             (rows + static_cast<double>(s.n_v_heads)) +
         kWithBackward * rows / 4 * static_cast<double>(n_tokens);
}

// `of_input` is what in_proj's products count for.
double RecurrentLayer(const ModelConfig& c, double of_input) {
  const SsmConfig& s = c.ssm;
  const auto d = static_cast<double>(c.d_model);
  return of_input * d * static_cast<double>(s.in_proj_rows()) +
         kWithBackward * (ScanProducts(s) + d * static_cast<double>(s.d_inner) +
                          MlpWeights(c));
}

double StudentLayer(int stage, const ModelConfig& c, MixerKind mixer,
                    int64_t n_tokens) {
  if (mixer == MixerKind::kAttention) {
    if (stage < 3) return 0;
    return kWithBackward * (AttentionWeights(c) +
                            AttentionProducts(c, n_tokens) + MlpWeights(c));
  }
  if (stage == 1) return OrientedLayer(c, n_tokens);
  return RecurrentLayer(c, stage == 2 ? kWithoutInputGradient : kWithBackward);
}

}  // namespace

double FlopsPerToken(int stage, const ModelConfig& teacher,
                     const ModelConfig& student, int64_t sequence_length) {
  double sum = TeacherBlocks(teacher, sequence_length);
  for (const MixerKind mixer : student.mixers) {
    sum += StudentLayer(stage, student, mixer, sequence_length);
  }
  if (stage == 3) {
    sum +=
        kForward * HeadWeights(teacher) + kWithBackward * HeadWeights(student);
  }
  return sum;
}

double MeasurePeak(const torch::Device& device) {
  const torch::NoGradGuard no_grad;
  const int64_t n = device.is_cuda() ? 8192 : 1024;
  const auto options = torch::TensorOptions(device.is_cuda() ? torch::kBFloat16
                                                             : torch::kFloat32)
                           .device(device);
  const Tensor a = torch::ones({n, n}, options);
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const int products = device.is_cuda() ? 4 : 1;
    Tensor c;
    for (int k = 0; k < products; ++k) c = torch::matmul(a, a);
    c[0][0].item<float>();  // waits for a GPU
    const std::chrono::duration<double> seconds =
        std::chrono::steady_clock::now() - begin;
    const auto size = static_cast<double>(n);
    best = std::max(best, products * 2 * size * size * size / seconds.count());
  }
  return best;
}

}  // namespace llamba::distill

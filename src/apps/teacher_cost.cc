#include "apps/teacher_cost.h"

#include <fmt/format.h>

namespace llamba {
namespace {

constexpr int64_t kBytesAValue = 2;

struct KnownTeacher {
  const char* name;
  int64_t d_model, layers, mlp;  // of teacher and student alike
  int64_t n_kv_heads, head_dim;  // of the teacher: published configs
};
constexpr KnownTeacher kKnown[] = {
    {"Llama-3.2-1B", 2048, 16, 8192, 8, 64},
    {"Llama-3.2-3B", 3072, 28, 8192, 8, 128},
    {"Llama-3.1-8B", 4096, 32, 14336, 8, 128},
    {"SmolLM2-135M", 576, 30, 1536, 3, 64},
};

int64_t CacheBytes(int64_t layers, int64_t kv_heads, int64_t head_dim) {
  return layers * 2 * kv_heads * head_dim * kBytesAValue;  // keys and values
}

}  // namespace

TeacherCost CostOfTeacher(const ModelConfig& config) {
  const int64_t layers = config.n_layer;
  if (config.HasMixer(MixerKind::kAttention)) {
    const AttentionConfig& attention = config.attention;
    return {config.IsLlama() ? "this model"
                             : "were every layer attention as those here",
            CacheBytes(layers, attention.n_kv_heads, attention.head_dim)};
  }
  for (const KnownTeacher& known : kKnown) {
    if (config.d_model == known.d_model && layers == known.layers &&
        config.mlp.intermediate_size == known.mlp) {
      return {fmt::format("{}, the teacher by its shape", known.name),
              CacheBytes(layers, known.n_kv_heads, known.head_dim)};
    }
  }
  const SsmConfig& ssm = config.ssm;
  return {fmt::format("an attention model of this shape with {} key/value "
                      "heads of {} (grouped queries would divide this)",
                      ssm.n_qk_heads, ssm.head_dim()),
          CacheBytes(layers, ssm.n_qk_heads, ssm.head_dim())};
}

}  // namespace llamba

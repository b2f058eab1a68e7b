#include "distill/student/make_student.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "distill/student/initial_values.h"
#include "distill/student/narrow_states.h"
#include "distill/student/widen_states.h"

namespace llamba::distill {
namespace {

// silu(1.278464542761) = 1: with z = 0 the gate lets everything through.
constexpr double kOpenGate = 1.278464542761;

class MixerInit {
 public:
  MixerInit(const LayerStack& teacher, const ModelConfig& config,
            const StudentOptions& options)
      : teacher_(teacher),
        config_(config),
        from_attention_(options.start_from_attention),
        generator_(at::make_generator<at::CPUGeneratorImpl>(options.seed)) {}

  Tensor Make(const TensorSpec& spec) {
    const torch::IntArrayRef shape(spec.shape.data(), spec.shape.size());
    switch (spec.id.role) {
      case TensorRole::kSsmIn:
        return InProj(spec);
      case TensorRole::kSsmOut:
        return OutProj(spec);
      case TensorRole::kSsmConv:
        return IdentityTaps(shape[0], shape[1]);
      case TensorRole::kSsmZBias:
        return torch::full(shape, kOpenGate, torch::kFloat64);
      case TensorRole::kSsmD:
        return torch::ones(shape, torch::kFloat64);
      default:  // biases
        return torch::zeros(shape, torch::kFloat64);
    }
  }

 private:
  Tensor Teacher(TensorRole role, int layer) const {
    return teacher_.parameters()
        .at(TensorId{role, layer})
        .detach()
        .to(torch::kCPU, torch::kFloat64);
  }

  // Rows of `n_from` heads spread over `n_to`: repeated where there are fewer,
  // the first of each group where there are more.
  static Tensor MatchHeads(const Tensor& rows, int64_t n_from, int64_t n_to) {
    const Tensor heads = rows.reshape({n_from, -1, rows.size(1)});
    if (n_to >= n_from) {
      return heads.repeat_interleave(n_to / n_from, 0).flatten(0, 1);
    }
    return heads.slice(0, 0, n_from, n_from / n_to).flatten(0, 1);
  }

  // The first of each head's rows of B or C.
  void SetStates(const Tensor& rows, const Tensor& from) const {
    const auto heads = [&](const Tensor& x) {
      return x.view({config_.ssm.n_qk_heads, -1, x.size(1)});
    };
    heads(rows)
        .slice(1, 0, teacher_.config().attention.head_dim)
        .copy_(heads(from));
  }

  Tensor InProj(const TensorSpec& spec) {
    const SsmConfig& ssm = config_.ssm;
    Tensor weight = UniformRows(spec.shape[0], spec.shape[1], generator_);
    const int64_t bc = ssm.n_qk_heads * ssm.d_state;
    const auto rows = [&](int64_t begin, int64_t n) {
      return weight.slice(0, begin, begin + n);
    };
    rows(ssm.conv_channels(), ssm.d_inner).zero_();  // z
    if (from_attention_) {
      const AttentionConfig& attention = teacher_.config().attention;
      const int layer = spec.id.layer;
      // B and C share the attention's 1 / sqrt(head_dim).
      const double scale = std::pow(attention.head_dim, -0.25);
      rows(0, ssm.d_inner)
          .copy_(MatchHeads(Teacher(TensorRole::kAttnV, layer),
                            attention.n_kv_heads, ssm.n_v_heads));
      SetStates(rows(ssm.d_inner, bc),
                MatchHeads(Teacher(TensorRole::kAttnK, layer) * scale,
                           attention.n_kv_heads, ssm.n_qk_heads));
      // A state larger than the teacher's heads starts without a say: what B
      // does not write, C reads as 0.
      rows(ssm.d_inner, bc)
          .view({ssm.n_qk_heads, ssm.d_state, -1})
          .slice(1, attention.head_dim)
          .zero_();
      SetStates(rows(ssm.d_inner + bc, bc),
                MatchHeads(Teacher(TensorRole::kAttnQ, layer) * scale,
                           attention.n_heads, ssm.n_qk_heads));
    }
    return weight;
  }

  Tensor OutProj(const TensorSpec& spec) {
    if (from_attention_) return Teacher(TensorRole::kAttnO, spec.id.layer);
    return UniformRows(spec.shape[0], spec.shape[1], generator_) /
           std::sqrt(static_cast<double>(config_.n_layer));
  }

  const LayerStack& teacher_;
  const ModelConfig& config_;
  const bool from_attention_;
  at::Generator generator_;
};

void CheckStartFromAttention(const ModelConfig& teacher,
                             const ModelConfig& student) {
  const AttentionConfig& attention = teacher.attention;
  if (student.ssm.d_state < attention.head_dim) {
    Fail(
        "student: start_from_attention needs a d_state of the teacher's "
        "head_dim {} or more, found {}",
        attention.head_dim, student.ssm.d_state);
  }
  const int64_t kv = attention.n_kv_heads, qk = student.ssm.n_qk_heads;
  if (qk % kv != 0 && kv % qk != 0) {
    Fail(
        "student: start_from_attention needs n_qk_heads that divides the "
        "teacher's n_kv_heads {} or is a multiple of it, found {}",
        kv, qk);
  }
}

// The first difference ends it.
void CheckSameConfig(const ModelConfig& expected, const ModelConfig& found,
                     const std::string& name) {
  using Json = nlohmann::json;
  const Json want = Json::parse(ConfigToJson(expected)).flatten();
  const Json have = Json::parse(ConfigToJson(found)).flatten();
  Json keys = want;
  keys.update(have);
  for (const auto& [key, value] : keys.items()) {
    const Json wanted = want.value(key, Json()), held = have.value(key, Json());
    if (wanted == held) continue;
    Fail("{}: config: {}: expected {} as in this recipe's student, found {}",
         name, key.substr(1), wanted.dump(), held.dump());
  }
}

}  // namespace

ModelConfig StudentConfig(const ModelConfig& teacher,
                          const StudentOptions& options) {
  LLAMBA_ASSERT(teacher.IsLlama());
  const AttentionConfig& attention = teacher.attention;
  ModelConfig config = teacher;
  // The student's block norms are fixed at 1e-5 (SPEC 2).
  config.block_norm_epsilon = 1e-5;
  config.ssm = SsmConfig{};
  config.ssm.d_inner = attention.n_heads * attention.head_dim;
  config.ssm.n_v_heads = attention.n_heads;
  config.ssm.n_qk_heads =
      options.n_qk_heads == 0 ? attention.n_heads : options.n_qk_heads;
  config.ssm.d_state = options.d_state;
  config.ssm.d_conv = options.d_conv;
  config.mixers.assign(config.n_layer, MixerKind::kMamba2);
  for (const int layer : options.keep_attention) {
    if (layer < 0 || layer >= config.n_layer) {
      Fail("student: keep_attention names layer {}, the teacher has 0 to {}",
           layer, config.n_layer - 1);
    }
    config.mixers[layer] = MixerKind::kAttention;
  }
  if (config.IsLlama()) {
    Fail(
        "student: keep_attention names all {} layers, which leaves the teacher",
        config.n_layer);
  }
  ValidateConfig(config, "student");
  if (options.start_from_attention) CheckStartFromAttention(teacher, config);
  return config;
}

LayerStack MakeStudent(const LayerStack& teacher,
                       const StudentOptions& options) {
  const ModelConfig config = StudentConfig(teacher.config(), options);
  MixerInit init(teacher, config, options);
  ParameterMap parameters;
  for (const TensorSpec& spec : Schema(config)) {
    const auto it = teacher.parameters().find(spec.id);
    const Tensor& like = teacher.HeadWeight();
    parameters[spec.id] = it != teacher.parameters().end()
                              ? it->second.detach().clone()
                              : init.Make(spec).to(like.options());
  }
  return LayerStack(config, std::move(parameters));
}

ParameterMap ContinueStudent(const std::function<LayerStack()>& open_teacher,
                             const LayerStack& earlier,
                             const ModelConfig& config, const std::string& name,
                             uint64_t seed) {
  ModelConfig like = earlier.config();
  // GGUF does not say it; vocab_size is compared.
  like.pad_vocab_size_multiple = config.pad_vocab_size_multiple;
  // Nor do published Llambas say this; attention's own is compared.
  like.context_length = config.context_length;
  if (!like.HasMixer(MixerKind::kAttention)) like.attention = config.attention;
  const int64_t d_state = config.ssm.d_state;
  like.ssm.d_state = d_state;
  const size_t n_layer = std::min(like.mixers.size(), config.mixers.size());
  for (size_t i = 0; i < n_layer; ++i) {
    if (config.mixers[i] == MixerKind::kAttention) {
      like.mixers[i] = MixerKind::kAttention;
    }
  }
  CheckSameConfig(config, like, name);
  const LayerStack student = d_state > earlier.config().ssm.d_state
                                 ? WidenStates(earlier, d_state, seed)
                                 : NarrowStates(earlier, d_state);
  ParameterMap parameters;
  std::optional<LayerStack> teacher;
  for (const TensorSpec& spec : Schema(config)) {
    const auto it = student.parameters().find(spec.id);
    const bool has = it != student.parameters().end();
    if (!has && !teacher) teacher = open_teacher();
    parameters[spec.id] = has ? it->second : teacher->parameters().at(spec.id);
  }
  return parameters;
}

}  // namespace llamba::distill

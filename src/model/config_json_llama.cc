#include "base/error.h"
#include "model/activation_names.h"
#include "model/config_json.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

// Before transformers 5: rope_theta beside rope_scaling; since: both inside
// rope_parameters. A document may hold both; they must then agree.
void ParseRope(const JsonFields& fields, AttentionConfig* attention) {
  attention->rope_theta = fields.FloatOr("rope_theta", attention->rope_theta);
  const auto parameters = fields.Object("rope_parameters");
  const auto scaling = fields.Object("rope_scaling");
  if (scaling) ParseRopeScaling(*scaling, attention);
  if (!parameters) return;

  const double theta = parameters->FloatOr("rope_theta", attention->rope_theta);
  if (fields.Has("rope_theta") && theta != attention->rope_theta) {
    Fail("{}: expected the same as rope_theta ({}), found {}",
         parameters->Where("rope_theta"), attention->rope_theta, theta);
  }
  attention->rope_theta = theta;
  if (const double share = parameters->FloatOr("partial_rotary_factor", 1);
      share != 1) {
    Fail("{}: expected 1, found {}", parameters->Where("partial_rotary_factor"),
         share);
  }
  const std::optional<RopeScaling> old_form = attention->rope_scaling;
  attention->rope_scaling.reset();
  ParseRopeScaling(*parameters, attention);
  if (scaling && old_form != attention->rope_scaling) {
    Fail("{}: expected the same scaling as in rope_parameters, found another",
         fields.Where("rope_scaling"));
  }
}

}  // namespace

ModelConfig ParseLlamaJson(const JsonFields& fields) {
  ModelConfig config;
  config.pad_vocab_size_multiple = 1;
  config.vocab_size = fields.Int("vocab_size");
  config.d_model = fields.Int("hidden_size");
  config.n_layer = BoundedLayers(fields.Int("num_hidden_layers"),
                                 fields.Where("num_hidden_layers"));
  config.norm_epsilon = fields.FloatOr("rms_norm_eps", 1e-6);
  config.block_norm_epsilon = config.norm_epsilon;
  config.tie_embeddings = fields.BoolOr("tie_word_embeddings", false);
  config.mlp.intermediate_size = fields.Int("intermediate_size");
  config.mlp.bias = fields.BoolOr("mlp_bias", false);
  config.mlp.activation = ParseMlpActivation(
      fields.StringOr("hidden_act", "silu"), fields.Where("hidden_act"));
  config.mixers.assign(static_cast<size_t>(config.n_layer),
                       MixerKind::kAttention);

  AttentionConfig& attention = config.attention;
  attention.n_heads = fields.Int("num_attention_heads");
  attention.n_kv_heads = fields.IntOr("num_key_value_heads", attention.n_heads);
  if (fields.Has("head_dim")) {
    attention.head_dim = fields.Int("head_dim");
  } else if (attention.n_heads < 1 || config.d_model % attention.n_heads != 0) {
    Fail("{}: expected a divisor of hidden_size ({}), found {}",
         fields.Where("num_attention_heads"), config.d_model,
         attention.n_heads);
  } else {
    attention.head_dim = config.d_model / attention.n_heads;
  }
  attention.bias = fields.BoolOr("attention_bias", false);
  attention.max_position_embeddings = fields.IntOr(
      "max_position_embeddings", attention.max_position_embeddings);
  config.context_length = attention.max_position_embeddings;
  ParseRope(fields, &attention);
  return config;
}

Json LlamaToJson(const ModelConfig& config) {
  const AttentionConfig& attention = config.attention;
  Json json = {{"architectures", {"LlamaForCausalLM"}},
               {"model_type", "llama"},
               {"vocab_size", config.vocab_size},
               {"hidden_size", config.d_model},
               {"intermediate_size", config.mlp.intermediate_size},
               {"num_hidden_layers", config.n_layer},
               {"num_attention_heads", attention.n_heads},
               {"num_key_value_heads", attention.n_kv_heads},
               {"head_dim", attention.head_dim},
               {"hidden_act", ActivationName(config.mlp.activation)},
               {"max_position_embeddings", attention.max_position_embeddings},
               {"rms_norm_eps", config.norm_epsilon},
               {"rope_theta", attention.rope_theta},
               {"tie_word_embeddings", config.tie_embeddings},
               {"attention_bias", attention.bias},
               {"mlp_bias", config.mlp.bias}};
  if (attention.rope_scaling) {
    json["rope_scaling"] = RopeScalingToJson(*attention.rope_scaling);
  }
  return json;
}

}  // namespace llamba

#include <algorithm>

#include "base/error.h"
#include "model/activation_names.h"
#include "model/config_json.h"
#include "model/config_limits.h"

namespace llamba {
namespace {

using Json = nlohmann::ordered_json;

// The published classes pad the embedding when they build the model.
int64_t PaddedVocab(const JsonFields& fields, int64_t multiple) {
  const int64_t vocab = fields.Int("vocab_size");
  if (multiple < 1 || multiple > limits::kVocab) {
    Fail("{}: expected 1 to {}, found {}",
         fields.Where("pad_vocab_size_multiple"), limits::kVocab, multiple);
  }
  if (vocab < 1 || vocab > limits::kVocab) {
    Fail("{}: expected 1 to {}, found {}", fields.Where("vocab_size"),
         limits::kVocab, vocab);
  }
  return (vocab + multiple - 1) / multiple * multiple;
}

void ParseMlp(const JsonFields& fields, MlpConfig* mlp) {
  mlp->intermediate_size =
      fields.IntOr("intermediate_size", mlp->intermediate_size);
  mlp->bias = fields.BoolOr("bias", mlp->bias);
  mlp->activation = ParseMlpActivation(fields.StringOr("act_fn", "silu"),
                                       fields.Where("act_fn"));
}

// Returns `expand`.
int64_t ParseSsm(const JsonFields& fields, SsmConfig* ssm) {
  ssm->d_state = fields.IntOr("d_state", ssm->d_state);
  ssm->n_v_heads = fields.IntOr("n_v_heads", ssm->n_v_heads);
  ssm->n_qk_heads = fields.IntOr("n_qk_heads", ssm->n_qk_heads);
  ssm->d_conv = fields.IntOr("d_conv", ssm->d_conv);
  ssm->activation = ParseConvActivation(
      fields.StringOr("activation", "identity"), fields.Where("activation"));
  ssm->bias = fields.BoolOr("bias", ssm->bias);
  ssm->conv_bias = fields.BoolOr("conv_bias", ssm->conv_bias);
  ssm->chunk_size = fields.IntOr("chunk_size", ssm->chunk_size);
  const int64_t expand = fields.IntOr("expand", 1);
  if (expand < 1 || expand > limits::kWidth) {
    Fail("{}: expected 1 to {}, found {}", fields.Where("expand"),
         limits::kWidth, expand);
  }
  return expand;
}

void ParseAttention(const JsonFields& fields, int64_t d_model,
                    AttentionConfig* attention) {
  attention->n_heads = fields.Int("num_heads");
  attention->n_kv_heads = fields.IntOr("num_heads_kv", attention->n_heads);
  if (fields.Has("head_dim")) {
    attention->head_dim = fields.Int("head_dim");
  } else if (attention->n_heads < 1 || d_model % attention->n_heads != 0) {
    Fail("{}: expected a divisor of d_model ({}), found {}",
         fields.Where("num_heads"), d_model, attention->n_heads);
  } else {
    attention->head_dim = d_model / attention->n_heads;
  }
  attention->bias = fields.BoolOr("bias", false);
  attention->rope_theta = fields.FloatOr("rope_theta", attention->rope_theta);
  if (const auto scaling = fields.Object("rope_scaling")) {
    ParseRopeScaling(*scaling, attention);
  }
  attention->max_position_embeddings = fields.IntOr(
      "max_position_embeddings", attention->max_position_embeddings);
}

void ParseMixers(const JsonFields& fields, ModelConfig* config) {
  config->mixers.assign(static_cast<size_t>(config->n_layer),
                        MixerKind::kMamba2);
  for (int64_t layer : fields.Ints("attn_layer_idx")) {
    if (layer < 0 || layer >= config->n_layer) {
      Fail("{}: expected layers below n_layer ({}), found {}",
           fields.Where("attn_layer_idx"), config->n_layer, layer);
    }
    config->mixers[static_cast<size_t>(layer)] = MixerKind::kAttention;
  }
  if (!config->HasMixer(MixerKind::kAttention)) return;
  const auto attention = fields.Object("attn_cfg");
  if (!attention) {
    Fail(
        "{}: expected an object, as attn_layer_idx names layers; found nothing",
        fields.Where("attn_cfg"));
  }
  ParseAttention(*attention, config->d_model, &config->attention);
}

Json AttentionToJson(const AttentionConfig& attention) {
  Json json = {{"num_heads", attention.n_heads},
               {"num_heads_kv", attention.n_kv_heads},
               {"head_dim", attention.head_dim},
               {"rope_theta", attention.rope_theta},
               {"max_position_embeddings", attention.max_position_embeddings}};
  if (attention.bias) json["bias"] = true;
  if (attention.rope_scaling) {
    json["rope_scaling"] = RopeScalingToJson(*attention.rope_scaling);
  }
  return json;
}

}  // namespace

ModelConfig ParseLlambaJson(const JsonFields& fields) {
  ModelConfig config;
  config.pad_vocab_size_multiple =
      fields.IntOr("pad_vocab_size_multiple", config.pad_vocab_size_multiple);
  config.vocab_size = PaddedVocab(fields, config.pad_vocab_size_multiple);
  config.d_model = fields.Int("d_model");
  if (config.d_model < 1 || config.d_model > limits::kWidth) {
    Fail("{}: expected 1 to {}, found {}", fields.Where("d_model"),
         limits::kWidth, config.d_model);
  }
  config.n_layer = BoundedLayers(fields.IntOr("n_layer", config.n_layer),
                                 fields.Where("n_layer"));
  config.norm_epsilon = fields.FloatOr("norm_epsilon", config.norm_epsilon);
  config.tie_embeddings = fields.BoolOr("tie_embeddings", false);
  config.lm_head_bias = fields.BoolOr("lm_head_bias", false);
  if (const auto mlp = fields.Object("mlp_cfg")) ParseMlp(*mlp, &config.mlp);
  int64_t expand = 1;
  if (const auto ssm = fields.Object("ssm_cfg")) {
    expand = ParseSsm(*ssm, &config.ssm);
  }
  config.ssm.d_inner = expand * config.d_model;
  ParseMixers(fields, &config);
  config.context_length = fields.IntOr(
      "max_position_embeddings", config.HasMixer(MixerKind::kAttention)
                                     ? config.attention.max_position_embeddings
                                     : 0);
  return config;
}

Json LlambaToJson(const ModelConfig& config) {
  const SsmConfig& ssm = config.ssm;
  Json json = {{"model_type", "llamba"},
               {"vocab_size", config.vocab_size},
               {"d_model", config.d_model},
               {"tie_embeddings", config.tie_embeddings},
               {"pad_vocab_size_multiple", config.pad_vocab_size_multiple},
               {"lm_head_bias", config.lm_head_bias},
               {"n_layer", config.n_layer},
               {"resid_dropout", 0.0},
               {"norm_epsilon", config.norm_epsilon}};
  json["mlp_cfg"] = {{"intermediate_size", config.mlp.intermediate_size},
                     {"bias", config.mlp.bias},
                     {"act_fn", ActivationName(config.mlp.activation)}};
  if (config.HasMixer(MixerKind::kMamba2)) {
    json["ssm_cfg"] = {{"d_state", ssm.d_state},
                       {"n_v_heads", ssm.n_v_heads},
                       {"n_qk_heads", ssm.n_qk_heads},
                       {"d_conv", ssm.d_conv},
                       {"expand", ssm.d_inner / config.d_model},
                       {"chunk_size", ssm.chunk_size},
                       {"activation", ActivationName(ssm.activation)},
                       {"bias", ssm.bias},
                       {"conv_bias", ssm.conv_bias}};
  }
  if (config.context_length > 0) {
    json["max_position_embeddings"] = config.context_length;
  }
  if (!config.HasMixer(MixerKind::kAttention)) return json;
  json["attn_layer_idx"] = Json::array();
  for (size_t i = 0; i < config.mixers.size(); ++i) {
    if (config.mixers[i] == MixerKind::kAttention) {
      json["attn_layer_idx"].push_back(i);
    }
  }
  json["attn_cfg"] = AttentionToJson(config.attention);
  return json;
}

}  // namespace llamba

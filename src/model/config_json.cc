#include "model/config_json.h"

#include "base/error.h"

namespace llamba {
namespace {

enum class Family { kLlamba, kLlama };

Family FamilyOf(const JsonFields& fields, const std::string& path) {
  const std::string type = fields.StringOr("model_type", "");
  if (type == "llamba") return Family::kLlamba;
  if (type == "llama") return Family::kLlama;
  if (!type.empty()) {
    Fail("{}: model_type: expected llamba or llama, found \"{}\"", path, type);
  }
  if (fields.Has("d_model")) return Family::kLlamba;
  if (fields.Has("hidden_size")) return Family::kLlama;
  Fail(
      "{}: expected d_model (a Llamba) or hidden_size (a Llama), found "
      "neither",
      path);
}

}  // namespace

ModelConfig ParseConfigJson(const std::string& json, const std::string& path) {
  const nlohmann::json document = ParseJsonObject(json, path);
  const JsonFields fields(document, path);
  ModelConfig config = FamilyOf(fields, path) == Family::kLlamba
                           ? ParseLlambaJson(fields)
                           : ParseLlamaJson(fields);
  ValidateConfig(config, path);
  return config;
}

nlohmann::ordered_json ConfigDocument(const ModelConfig& config) {
  return config.FitsLlama() ? LlamaToJson(config) : LlambaToJson(config);
}

std::string ConfigToJson(const ModelConfig& config) {
  return ConfigDocument(config).dump(2) + "\n";
}

void RequireLlambaEpsilon(const ModelConfig& config, const std::string& where) {
  constexpr double kLlambaEpsilon = 1e-5;
  if (config.block_norm_epsilon == kLlambaEpsilon) return;
  Fail(
      "{}: this model can only be written as a Llamba, whose blocks have a "
      "norm epsilon of {}: found {}",
      where, kLlambaEpsilon, config.block_norm_epsilon);
}

void ParseRopeScaling(const JsonFields& fields, AttentionConfig* config) {
  // transformers called the key "type" before 4.43.
  const std::string type =
      fields.StringOr("rope_type", fields.StringOr("type", "default"));
  if (type == "default") return;
  if (type != "llama3") {
    Fail("{}: expected \"llama3\" or \"default\", found \"{}\"",
         fields.Where("rope_type"), type);
  }
  RopeScaling scaling;
  scaling.factor = fields.Float("factor");
  scaling.low_freq_factor = fields.Float("low_freq_factor");
  scaling.high_freq_factor = fields.Float("high_freq_factor");
  scaling.original_max_position_embeddings =
      fields.Int("original_max_position_embeddings");
  config->rope_scaling = scaling;
}

nlohmann::ordered_json RopeScalingToJson(const RopeScaling& scaling) {
  return {{"factor", scaling.factor},
          {"low_freq_factor", scaling.low_freq_factor},
          {"high_freq_factor", scaling.high_freq_factor},
          {"original_max_position_embeddings",
           scaling.original_max_position_embeddings},
          {"rope_type", "llama3"}};
}

}  // namespace llamba
